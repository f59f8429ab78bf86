"""Sync stores only what Clerk says, and wrong responses of Clerk change nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from akako.dev.fake_clerk import FakeClerk, sign_webhook
from tests.conftest import StartServer
from tests.http.refusals import details_of
from tests.identity.clerk import (
    BOSS,
    PROFILE,
    SYNC,
    WEBHOOK_SECRET,
    address_of,
    bearer,
    roles_of,
    settings_for,
    sync,
)
from tests.identity.people import Ask, add_person, statuses, together, value
from tests.parts.server import Server


@pytest.fixture(autouse=True)
def healthy(clerk: FakeClerk, with_clerk: Server) -> Iterator[None]:
    """Clerk answers again, and has answered once, so that no pause is left over."""
    yield
    clerk.heal()
    clerk.put_user("user_healthy", "healthy@example.com")
    deadline = time.monotonic() + 20
    while sync(with_clerk, "user_healthy").status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def count(api: Server, clerk_id: str) -> int:
    return int(value(api, "select count(*) from users where clerk_id = %s", clerk_id))


def test_only_what_clerk_says_is_stored(clerk: FakeClerk, with_clerk: Server) -> None:
    clerk.put_user("user_truth", "true@example.com", first_name="True", last_name="Name")
    answer = sync(with_clerk, "user_truth", "TRUE@example.com")
    assert (answer.status_code, answer.json()["data"]["created"]) == (201, True)
    assert "true@" not in answer.text
    profile = with_clerk.get(PROFILE, headers=bearer(clerk, "user_truth")).json()["data"]
    assert (profile["email"], profile["firstName"]) == ("true@example.com", "True")
    assert (profile["roles"], profile["plan"]) == (["LEARNER"], "FREE")
    asked = [each for each in clerk.headers if "authorization" in each]
    assert all(each["clerk-api-version"] for each in asked)


def test_any_of_the_users_addresses_will_do_and_no_other(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    user = clerk.put_user("user_many", "first@example.com")
    user["email_addresses"].append({"id": "second", "email_address": "second@example.com"})
    assert sync(with_clerk, "user_many", "second@example.com").status_code == 201
    assert address_of(with_clerk, "user_many") == "first@example.com"
    unknown = sync(with_clerk, "user_absent", "first@example.com")
    wrong = sync(with_clerk, "user_many", "third@example.com")
    details = details_of(wrong, 422, "VALIDATION_ERROR")
    assert (details["field"], details["message"]) == ("userId", "User could not be verified")
    assert wrong.text == unknown.text.replace("user_absent", "user_many")


def test_a_user_without_an_address(clerk: FakeClerk, with_clerk: Server) -> None:
    clerk.put_user("user_phone", None)
    assert sync(with_clerk, "user_phone", "phone@example.com").status_code == 422
    assert sync(with_clerk, "user_phone").status_code == 201
    profile = with_clerk.get(PROFILE, headers=bearer(clerk, "user_phone")).json()["data"]
    assert profile["email"] is None


@pytest.mark.parametrize("state", ["banned", "locked"])
def test_a_banned_user_is_stored_as_suspended(
    clerk: FakeClerk, with_clerk: Server, state: str
) -> None:
    who = f"user_{state}"
    user = clerk.put_user(who, f"{state}@example.com")
    user[state] = True
    assert sync(with_clerk, who).status_code == 201
    for answer in (
        with_clerk.post(SYNC, headers=bearer(clerk, who)),
        with_clerk.get(PROFILE, headers=bearer(clerk, who)),
    ):
        details = details_of(answer, 403, "FORBIDDEN")
        assert details["reason"] == "account_inactive"
    assert value(with_clerk, "select status from users where clerk_id = %s", who) == "SUSPENDED"
    user[state] = False
    assert sync(with_clerk, who).status_code == 200
    assert with_clerk.get(PROFILE, headers=bearer(clerk, who)).status_code == 200


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, None, 422),
        (400, None, 422),
        (401, None, 503),
        (403, None, 503),
        (429, None, 503),
        (500, None, 503),
        (503, "<html>secret page</html>", 503),
        (200, "<html>secret page</html>", 502),
        (200, "{", 502),
        (200, "null", 502),
        (200, "[]", 502),
        (200, '{"id": "user_other"}', 502),
        (200, "flood", 502),
        (302, None, 502),
        (418, "secret tea", 502),
    ],
)
def test_what_clerk_answers_is_mapped_and_never_passed_on(
    clerk: FakeClerk, with_clerk: Server, status: int, body: str | None, code: int
) -> None:
    headers = {"Retry-After": "7", "Location": "http://127.0.0.1:1/"}
    clerk.fail("user", status, body, headers=headers)
    codes = {422: "VALIDATION_ERROR", 502: "UPSTREAM_ERROR", 503: "SERVICE_UNAVAILABLE"}
    answer = sync(with_clerk, "user_unlucky")
    details_of(answer, code, codes[code])
    assert "secret" not in answer.text
    assert ("retry-after" in answer.headers) == (code >= 502)
    if status == 429:
        assert answer.headers["retry-after"] == "7"
    first_call = with_clerk.get(PROFILE, headers=bearer(clerk, "user_unlucky"))
    details_of(first_call, *((401, "UNAUTHORIZED") if code == 422 else (code, codes[code])))
    assert count(with_clerk, "user_unlucky") == 0


async def test_a_clerk_that_does_not_answer_is_given_up(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_known", "known@example.com")
    known = bearer(clerk, "user_known")
    assert with_clerk.get(PROFILE, headers=known).status_code == 200
    clerk.fail("user", 200, "drip")
    started = time.monotonic()
    asks = [Ask("POST", SYNC, json={"userId": "user_slow"}), Ask("GET", PROFILE, headers=known)]
    slow, quick = await together(with_clerk, asks)
    assert time.monotonic() - started < 15
    details_of(slow, 503, "SERVICE_UNAVAILABLE")
    assert quick.status_code == 200


def test_no_address_outside_the_users_of_clerk_is_called(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    before = clerk.count("/v1")
    for evil in (
        "../jwks",
        "user_a/../../jwks",
        "user_a?x=1",
        "user_a#",
        "user_%2e%2e",
        "user_a\r\n",
    ):
        assert sync(with_clerk, evil).status_code == 422
    assert clerk.count("/v1") == before


def test_the_first_administrator_is_named_by_the_operator(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user(BOSS, "boss@example.com", public_metadata={"role": "LEARNER"})
    clerk.put_user("user_pretender", "pretender@example.com", public_metadata={"role": "ADMIN"})
    boss, pretender = bearer(clerk, BOSS), bearer(clerk, "user_pretender", role="ADMIN")
    assert with_clerk.get("/api/users", headers=boss).status_code == 200
    details_of(with_clerk.get("/api/users", headers=pretender), 403, "FORBIDDEN")
    with_clerk.execute(
        "update user_roles set effective_end = now() where role = 'ADMIN' and user_id = "
        "(select id from users where clerk_id = %s)",
        BOSS,
    )
    assert sync(with_clerk, BOSS).status_code == 200
    assert roles_of(with_clerk, BOSS) == ["LEARNER"]


async def test_first_requests_at_once_make_one_account(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_herd", "herd@example.com")
    headers = bearer(clerk, "user_herd")
    asks = [Ask("GET", PROFILE, headers=headers), Ask("POST", SYNC, headers=headers)] * 10
    answers = await together(with_clerk, asks)
    assert set(statuses(answers)) <= {200, 201}
    assert count(with_clerk, "user_herd") == 1
    assert roles_of(with_clerk, "user_herd") == ["LEARNER"]


async def test_a_first_request_and_clerks_message_make_one_account(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    for number in range(5):
        who = f"user_race{number}"
        user = clerk.put_user(who, f"{who}@example.com")
        body = {"type": "user.created", "object": "event", "data": user}
        signed = sign_webhook(json.dumps(body).encode(), WEBHOOK_SECRET, f"msg_{number}")
        message = Ask("POST", "/api/webhooks/clerk", json=body, headers=signed)
        first = Ask("GET", PROFILE, headers=bearer(clerk, who))
        answers = await together(with_clerk, [first, message, first])
        assert [each.status_code for each in answers[::2]] == [200, 200]
        assert (count(with_clerk, who), roles_of(with_clerk, who)) == (1, ["LEARNER"])


def test_without_a_secret_key_no_user_is_fetched(
    clerk: FakeClerk, start_server: StartServer
) -> None:
    api = start_server({**settings_for(clerk), "AKAKO_CLERK_SECRET_KEY": ""})
    clerk.put_user("user_unfetched", "unfetched@example.com")
    details = details_of(sync(api, "user_unfetched"), 401, "UNAUTHORIZED")
    assert details == {"reason": "missing"}
    headers = bearer(clerk, "user_unfetched")
    for answer in (api.get(PROFILE, headers=headers), api.post(SYNC, headers=headers)):
        details_of(answer, 503, "SERVICE_UNAVAILABLE")
        assert "retry-after" in answer.headers
    known = add_person(api, role=None, clerk_id="user_unfetched", email=None)
    synced = api.post(SYNC, headers=headers)
    assert (synced.status_code, synced.json()["data"]["id"]) == (200, known)
