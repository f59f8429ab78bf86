"""Sync on a development server: whom it brings up to date, and what it tells."""

from __future__ import annotations

import pytest

from tests.http.refusals import details_of, fields_of
from tests.identity.people import Ask, rows, statuses, together, value
from tests.parts.server import Server

SYNC = "/api/auth/sync"


def introduce(api: Server, name: str) -> str:
    """A user of the identity provider without an account here."""
    clerk_id = api.user(name)
    api.execute(
        "delete from user_roles where user_id = (select id from users where clerk_id = %s)",
        clerk_id,
    )
    api.execute("delete from users where clerk_id = %s", clerk_id)
    return clerk_id


def test_a_sync_without_a_token_returns_no_personal_data(api: Server) -> None:
    who = introduce(api, "tokenless")
    body = {"userId": who, "email": "Tokenless@People.example.com"}
    first = api.post(SYNC, json=body)
    assert first.status_code == 201
    assert first.json() == {
        "success": True,
        "data": {"userId": who, "synced": True, "created": True},
        "message": "User synced successfully",
    }
    second = api.post(SYNC, json=body)
    assert second.status_code == 200
    assert second.json()["data"] == {"userId": who, "synced": True, "created": False}
    assert "@" not in first.text + second.text
    assert api.get("/api/auth/profile", as_=who).json()["data"]["roles"] == ["LEARNER"]


def test_the_address_is_optional_without_a_token(api: Server) -> None:
    assert api.post(SYNC, json={"userId": "user_123"}).status_code in (200, 201)


def test_a_wrong_address_and_an_unknown_id_get_one_answer(api: Server) -> None:
    unknown = api.post(SYNC, json={"userId": "user_unknown", "email": "test@example.com"})
    wrong = api.post(SYNC, json={"userId": "user_123", "email": "mentor@example.com"})
    details = details_of(unknown, 422, "VALIDATION_ERROR")
    assert details == {
        "field": "userId",
        "message": "User could not be verified",
        "value": "user_unknown",
    }
    assert wrong.text == unknown.text.replace("user_unknown", "user_123")
    assert value(api, "select count(*) from users where clerk_id = 'user_unknown'") == 0


@pytest.mark.parametrize(
    "user_id",
    [
        *("", "123", "user_", "USER_123", "user_a b", "user_\u0661", "user_\u0000", "user_%2e"),
        *("../users", "user_123?x=", "user_1/../2", "user_" + "a" * 10_000),
        *(["user_123"], 123, {}, True, None),
    ],
)
def test_what_is_no_clerk_id_is_422(api: Server, user_id: object) -> None:
    answer = api.post(SYNC, json={"userId": user_id, "email": "test@example.com"})
    assert fields_of(answer) == ["userId"]


@pytest.mark.parametrize(
    "email",
    ["invalid-email", "", "a@b", "@example.com", "a b@example.com", "a" * 250 + "@x.org", 1, None],
)
def test_what_is_no_address_is_422(api: Server, email: object) -> None:
    answer = api.post(SYNC, json={"userId": "user_123", "email": email})
    assert fields_of(answer) == ["email"]
    if isinstance(email, str):
        assert answer.json()["details"]["message"] == "Invalid email format"


def test_a_sync_without_a_token_must_name_a_user(api: Server) -> None:
    for answer in (
        api.post(SYNC),
        api.post(SYNC, json={}),
        api.post(SYNC, json={"email": "a@b.org"}),
    ):
        assert fields_of(answer) == ["userId"]


@pytest.mark.parametrize("field", ["role", "roles", "status", "plan", "id", "clerkId", "firstName"])
def test_nothing_else_is_read_from_the_body(api: Server, field: str) -> None:
    answer = api.post(SYNC, json={"userId": "user_123", field: "ADMIN"})
    assert fields_of(answer) == [field]


def test_with_a_token_the_caller_is_synced_and_shown(api: Server) -> None:
    who = introduce(api, "tokened")
    first = api.post(SYNC, as_=who)
    assert first.status_code == 201
    assert first.headers["location"] == "/api/auth/profile"
    assert first.json()["data"] == api.get("/api/auth/profile", as_=who).json()["data"]
    assert first.json()["data"]["email"] == "tokened@people.example.com"
    second = api.post(SYNC, as_=who, json={"userId": who, "email": "tokened@people.example.com"})
    assert second.status_code == 200
    assert second.json()["message"] == "User synced successfully"


def test_a_token_of_another_user_is_403_and_changes_nothing(api: Server) -> None:
    who = introduce(api, "victim")
    answer = api.post(SYNC, as_="learner", json={"userId": who})
    details = details_of(answer, 403, "FORBIDDEN")
    assert details == {"required": [], "user_roles": [], "reason": "user_mismatch"}
    assert value(api, "select count(*) from users where clerk_id = %s", who) == 0


@pytest.mark.parametrize("header", ["Bearer your_jwt_token", "Basic abc", "Bearer a.b.c", "Bearer"])
def test_an_invalid_token_is_not_ignored_here(api: Server, header: str) -> None:
    body = {"userId": "user_123", "email": "test@example.com"}
    answer = api.post(SYNC, json=body, headers={"Authorization": header})
    details_of(answer, 401, "UNAUTHORIZED")


def test_a_sync_never_touches_roles_plan_or_status(api: Server) -> None:
    who = api.user("kept")
    user_id = api.user_id(who)
    api.put(f"/api/users/{user_id}", as_="admin", json={"plan": "PRO", "firstName": "Local"})
    api.post(f"/api/users/{user_id}/roles", as_="admin", json={"role": "MENTOR"})
    api.delete(f"/api/users/{user_id}/roles?role=LEARNER", as_="admin")
    for as_, body in ((who, None), (None, {"userId": who})):
        assert api.post(SYNC, as_=as_, json=body).status_code == 200
    profile = api.get("/api/auth/profile", as_=who).json()["data"]
    assert (profile["roles"], profile["plan"]) == (["MENTOR"], "PRO")
    assert profile["firstName"] == "Local"
    api.put(f"/api/users/{user_id}", as_="admin", json={"status": "INACTIVE"})
    assert api.post(SYNC, json={"userId": who}).status_code == 200
    details = details_of(api.post(SYNC, as_=who), 403, "FORBIDDEN")
    assert details["reason"] == "account_inactive"
    assert value(api, "select status from users where clerk_id = %s", who) == "INACTIVE"


def test_a_deleted_person_is_answered_like_an_unknown_one(api: Server) -> None:
    who = introduce(api, "deleted")
    api.execute("insert into user_tombstones (clerk_id) values (%s)", who)
    details_of(api.post(SYNC, json={"userId": who}), 422, "VALIDATION_ERROR")
    details_of(api.post(SYNC, as_=who), 401, "UNAUTHORIZED")
    details_of(api.get("/api/auth/profile", as_=who), 401, "UNAUTHORIZED")
    assert value(api, "select count(*) from users where clerk_id = %s", who) == 0


async def test_twenty_first_requests_make_one_account(api: Server) -> None:
    who = introduce(api, "crowd")
    answers = await together(api, [Ask("GET", "/api/auth/profile", who)] * 20)
    assert statuses(answers) == {200: 20}
    assert len({each.json()["data"]["id"] for each in answers}) == 1
    assert windows_of(api, who) == 1


async def test_first_requests_and_syncs_at_once_make_one_account(api: Server) -> None:
    who = introduce(api, "mixed")
    asks = [
        Ask("GET", "/api/auth/profile", who),
        Ask("POST", SYNC, who),
        Ask("POST", SYNC, None, {"userId": who}),
    ]
    answers = await together(api, asks * 7)
    assert set(statuses(answers)) <= {200, 201}
    assert statuses(answers).get(201, 0) <= 1
    assert windows_of(api, who) == 1
    events = "select count(*) from outbox o join users u on o.data ->> 'userId' = u.id "
    assert value(api, f"{events} where u.clerk_id = %s and o.type = 'user.created'", who) == 1


def windows_of(api: Server, clerk_id: str) -> int:
    joined = (
        "select r.role from user_roles r join users u on u.id = r.user_id where u.clerk_id = %s"
    )
    return len(rows(api, joined, clerk_id))


def test_a_user_unknown_to_the_provider_gets_no_account(api: Server) -> None:
    headers = api.headers("user_neverseen")
    details_of(api.get("/api/auth/profile", headers=headers), 401, "UNAUTHORIZED")
    details_of(api.post(SYNC, headers=headers), 401, "UNAUTHORIZED")
    assert api.get("/api/education/levels", headers=headers).status_code == 200
    assert value(api, "select count(*) from users where clerk_id = 'user_neverseen'") == 0


def test_a_public_read_makes_no_account(api: Server) -> None:
    who = introduce(api, "reader")
    answer = api.get("/api/education/levels", as_=who)
    assert answer.status_code == 200
    assert "public" in answer.headers["cache-control"]
    assert value(api, "select count(*) from users where clerk_id = %s", who) == 0
