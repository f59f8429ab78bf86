"""A repeated write with the same key gives the first answer and has no second effect."""

from __future__ import annotations

import httpx2
import pytest

from tests.http.refusals import details_of
from tests.identity.people import Ask, statuses, together, value
from tests.parts.server import CLIENT_SECONDS, Server

LEVELS = "/api/admin/education/levels"
KEPT = {"etag", "location", "content-type", "cache-control", "content-security-policy"}


def create(api: Server, name: str, key: str, who: str = "admin") -> httpx2.Response:
    return api.post(LEVELS, as_=who, json={"name": name}, headers={"Idempotency-Key": key})


def count(api: Server, name: str) -> int:
    return int(value(api, "select count(*) from education_levels where name = %s", name))


def test_the_same_request_gives_the_same_answer_and_one_effect(api: Server) -> None:
    first, second = create(api, "Once", "key-1"), create(api, "Once", "key-1")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    for name in KEPT & set(first.headers):
        assert first.headers[name] == second.headers[name]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert count(api, "Once") == 1


def test_how_the_body_is_written_does_not_matter_but_what_it_says(api: Server) -> None:
    headers = {"Idempotency-Key": "key-2", "Content-Type": "application/json"}
    bodies = (
        b'{"name":"Spelling","description":"x"}',
        b'{ "description" : "x", "name": "Sp\\u0065lling" }',
    )
    first, second = (api.post(LEVELS, as_="admin", content=b, headers=headers) for b in bodies)
    assert second.headers["idempotent-replayed"] == "true"
    assert first.content == second.content
    details_of(create(api, "Another", "key-2"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert count(api, "Another") == 0


INVALID = [
    b'{"name": ""}',
    b'{"name": "Reused", "unknown": 1}',
    b'{"name": 1}',
    b"{}",
    b"",
    b"[]",
    b"not json",
    b'{"name": "Reused", "name": "Reused"}',
    b"\xff",
]


@pytest.mark.parametrize("body", INVALID, ids=repr)
def test_a_used_key_is_reported_before_the_body_is_validated(api: Server, body: bytes) -> None:
    create(api, "Reused", "key-2b")
    headers = {"Idempotency-Key": "key-2b", "Content-Type": "application/json"}
    answer = api.post(LEVELS, as_="admin", content=body, headers=headers)
    assert details_of(answer, 422, "IDEMPOTENCY_KEY_REUSED") == {}
    fresh = headers | {"Idempotency-Key": f"key-2b-{INVALID.index(body)}"}
    for _ in range(2):
        answer = api.post(LEVELS, as_="admin", content=body, headers=fresh)
        assert answer.json()["code"] in ("VALIDATION_ERROR", "BAD_REQUEST")
    assert create(api, "Reused", fresh["Idempotency-Key"]).status_code == 409


def test_a_used_key_is_reported_before_query_and_path_are_validated(api: Server) -> None:
    created = [create(api, f"Doomed {n}", f"key-2c-{n}").json()["data"]["id"] for n in range(2)]
    headers = {"Idempotency-Key": "key-2d"}
    path = "/api/admin/education/levels"
    assert api.delete(f"{path}/{created[0]}", as_="admin", headers=headers).status_code == 200
    for target in (f"{created[0]}?force=perhaps", created[1], "no~id"):
        answer = api.delete(f"{path}/{target}", as_="admin", headers=headers)
        details_of(answer, 422, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_belongs_to_its_user_and_operation(api: Server) -> None:
    assert create(api, "Shared key", "key-3").status_code == 201
    body, headers = {"firstName": "Kofi"}, {"Idempotency-Key": "key-3"}
    for who in ("admin", "mentor"):
        answer = api.put("/api/auth/profile", as_=who, json=body, headers=headers)
        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers


def test_quotes_around_a_key_are_not_part_of_it(api: Server) -> None:
    assert create(api, "Quoted", '"key-4"').status_code == 201
    assert create(api, "Quoted", "key-4").headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "a b", '""', '"a', "a" * 256, "é", "a\tb", '"a" "b"'])
def test_malformed_keys_are_400(api: Server, key: str) -> None:
    headers = {**api.headers("admin"), "Idempotency-Key": key}
    sent = {name.encode(): text.encode() for name, text in headers.items()}
    answer = httpx2.post(
        f"{api.url}{LEVELS}", json={"name": "Malformed"}, headers=sent, timeout=CLIENT_SECONDS
    )
    assert details_of(answer, 400, "BAD_REQUEST") == {"reason": "invalid_idempotency_key"}


def test_a_refusal_of_the_work_is_kept(api: Server) -> None:
    create(api, "Taken", "key-5")
    first = create(api, "Taken", "key-6")
    details_of(first, 409, "CONFLICT")
    api.execute("update education_levels set name_key = 'x', name = 'x' where name = 'Taken'")
    second = create(api, "Taken", "key-6")
    assert second.headers["idempotent-replayed"] == "true"
    assert second.content == first.content
    assert count(api, "Taken") == 0


def test_a_refusal_before_the_work_is_not_kept(api: Server) -> None:
    details_of(create(api, "", "key-7"), 422, "VALIDATION_ERROR")
    details_of(create(api, "Later", "key-7", "learner"), 403, "FORBIDDEN")
    answer = create(api, "Later", "key-7")
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers


async def test_parallel_requests_with_one_key_have_one_effect(api: Server) -> None:
    ask = Ask("POST", LEVELS, "admin", {"name": "Parallel"}, {"Idempotency-Key": "key-8"})
    answers = await together(api, [ask] * 20)
    assert set(statuses(answers)) <= {201, 409}
    assert statuses(answers)[201] >= 1
    for answer in answers:
        if answer.status_code == 409:
            details_of(answer, 409, "IDEMPOTENCY_IN_PROGRESS")
            assert answer.headers["retry-after"] == "1"
    assert count(api, "Parallel") == 1
    assert create(api, "Parallel", "key-8").headers["idempotent-replayed"] == "true"


async def test_two_requests_for_one_key_never_both_act(api: Server) -> None:
    asks = [
        Ask("POST", LEVELS, "admin", {"name": f"Rival {n}"}, {"Idempotency-Key": "key-9"})
        for n in range(10)
    ]
    answers = await together(api, asks)
    assert set(statuses(answers)) <= {201, 409, 422}
    assert statuses(answers)[201] == 1
    rivals = value(api, "select count(*) from education_levels where name like 'Rival%%'")
    assert rivals == 1


def test_roles_and_removals_may_be_repeated(api: Server) -> None:
    user_id = api.user_id(api.user("idem"))
    path, headers = f"/api/users/{user_id}/roles", {"Idempotency-Key": "key-10"}
    for replayed in (None, "true"):
        answer = api.post(path, as_="admin", json={"role": "MENTOR"}, headers=headers)
        assert answer.status_code == 201
        assert answer.headers.get("idempotent-replayed") == replayed
    for replayed in (None, "true"):
        answer = api.delete(f"{path}?role=MENTOR", as_="admin", headers=headers)
        assert answer.status_code == 200
        assert answer.headers.get("idempotent-replayed") == replayed
    other = api.delete(f"{path}?role=LEARNER", as_="admin", headers=headers)
    details_of(other, 422, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_is_forgotten_after_a_day(api: Server) -> None:
    assert create(api, "Yesterday", "key-11").status_code == 201
    api.execute("update idempotency_keys set created_at = created_at - interval '25 hours'")
    details_of(create(api, "Yesterday", "key-11"), 409, "CONFLICT")


def test_a_key_on_a_read_means_nothing(api: Server) -> None:
    headers = {"Idempotency-Key": "not a key"}
    assert api.get("/api/auth/profile", as_="learner", headers=headers).status_code == 200
