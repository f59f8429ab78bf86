"""A request that is sent again with its idempotency key has no second effect."""

from __future__ import annotations

import asyncio
import json

import httpx2

from tests.enrollment.school import (
    Ask,
    add_learners,
    add_requests,
    add_subject,
    announced,
    audited,
    rows,
    together,
    wait_until_blocked,
)
from tests.parts.server import Server

REQUEST = "/api/enrollment/request"


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def requests_for(api: Server, subject_id: str) -> int:
    sql = "select count(*) from enrollments where subject_id = %s"
    return int(rows(api, sql, subject_id)[0][0])


def ask(api: Server, who: str, subject_id: str, key: str, **more: str) -> httpx2.Response:
    body = {"subjectId": subject_id, **more}
    return api.post(REQUEST, as_=who, json=body, headers=keyed(key))


def test_the_first_answer_is_given_again(api: Server) -> None:
    subject, who = add_subject(api), api.user("repeater")
    first = ask(api, who, subject.id, "one")
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    # Neither the quotes nor the spelling of the JSON make it another request.
    again = api.post(
        REQUEST,
        as_=who,
        content=json.dumps({"subjectId": subject.id}, indent=4),
        headers={**keyed('"one"'), "Content-Type": "application/json"},
    )
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert requests_for(api, subject.id) == 1
    assert announced(api, "subjectId", subject.id) == ["enrollment.requested"]


def test_without_a_key_the_repetition_is_a_duplicate(api: Server) -> None:
    subject, who = add_subject(api), api.user("keyless")
    body = {"subjectId": subject.id}
    codes = [api.post(REQUEST, as_=who, json=body).status_code for _ in range(2)]
    assert codes == [201, 409]


def test_a_key_stands_for_one_request(api: Server) -> None:
    subject, other, who = add_subject(api), add_subject(api), api.user("confused")
    assert ask(api, who, subject.id, "two").status_code == 201
    for changed in (
        ask(api, who, other.id, "two"),
        ask(api, who, subject.id, "two", message="please"),
    ):
        assert changed.status_code == 422
        assert changed.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
        assert changed.json()["details"] == {}
    assert requests_for(api, other.id) == 0


def test_each_user_has_separate_keys(api: Server) -> None:
    subject = add_subject(api)
    for who in (api.user("first"), api.user("second")):
        response = ask(api, who, subject.id, "three")
        assert response.status_code == 201
        assert "idempotent-replayed" not in response.headers
    assert requests_for(api, subject.id) == 2


def test_a_refusal_after_the_work_began_is_kept_and_a_bad_body_is_not(api: Server) -> None:
    who = api.user("unlucky")
    bad = api.post(REQUEST, as_=who, json={}, headers=keyed("four"))
    assert bad.status_code == 422
    missing = ask(api, who, "nowhere", "four")
    assert missing.status_code == 404
    again = ask(api, who, "nowhere", "four")
    assert again.status_code == 404
    assert again.headers["idempotent-replayed"] == "true"


async def test_of_equal_requests_at_once_one_has_an_effect(api: Server) -> None:
    subject, who = add_subject(api), api.user("impatient")
    one = Ask("POST", REQUEST, who, {"subjectId": subject.id}, keyed("five"))
    responses = await together(api, *[one] * 10)
    assert {response.status_code for response in responses} <= {201, 409}
    made = [response for response in responses if response.status_code == 201]
    assert len({response.content for response in made}) == 1
    assert [each.headers.get("idempotent-replayed") for each in made].count(None) == 1
    for refused in (each for each in responses if each.status_code == 409):
        assert refused.json()["code"] == "IDEMPOTENCY_IN_PROGRESS"
        assert refused.headers["retry-after"] == "1"
    assert requests_for(api, subject.id) == 1


async def test_a_repeated_request_is_409_while_the_first_runs(api: Server) -> None:
    subject, who = add_subject(api), api.user("waiting")
    one = Ask("POST", REQUEST, who, {"subjectId": subject.id}, keyed("six"))
    with api.db() as db, db.transaction():
        db.execute("lock table enrollments in exclusive mode")
        running = asyncio.create_task(together(api, one))
        await asyncio.to_thread(wait_until_blocked, api, 1)
        (second,) = await together(api, one)
        assert second.status_code == 409
        assert second.json()["code"] == "IDEMPOTENCY_IN_PROGRESS"
    (first,) = await running
    assert first.status_code == 201
    third = ask(api, who, subject.id, "six")
    assert third.headers["idempotent-replayed"] == "true"
    assert third.content == first.content


def test_a_decision_without_a_body_can_be_repeated_too(api: Server) -> None:
    (enrollment_id,) = add_requests(api, add_subject(api).id, add_learners(api, 1))
    path = f"/api/admin/enrollment/{enrollment_id}/approve"
    first = api.put(path, as_="admin", headers=keyed("seven"))
    assert first.status_code == 200
    reopen = f"/api/admin/enrollment/{enrollment_id}/reopen"
    for replayed in (None, "true"):
        response = api.post(reopen, as_="admin", headers=keyed("seven"))
        assert response.status_code == 200
        assert response.headers.get("idempotent-replayed") == replayed
    again = api.put(path, as_="admin", headers=keyed("seven"))
    assert again.content == first.content
    assert audited(api, enrollment_id) == ["enrollment.approved", "enrollment.reopened"]


def test_a_malformed_key_is_not_understood(api: Server) -> None:
    for key in ("", "a b", '"', "k" * 256):
        response = ask(api, "learner", add_subject(api).id, key)
        assert response.status_code == 400
        assert response.json()["details"] == {"reason": "invalid_idempotency_key"}
