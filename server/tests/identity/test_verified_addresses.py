"""Only verified addresses become an account's e-mail, on every path by which user data arrives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from akako.dev.fake_clerk import FakeClerk, email_address, sign_webhook
from tests.http.refusals import details_of
from tests.identity.clerk import PROFILE, SYNC, WEBHOOK_SECRET, address_of, bearer, sync
from tests.identity.people import add_person, rows, value
from tests.parts.server import Server

Path = Callable[[FakeClerk, Server, str], None]
numbers = count(1)


def by_anonymous_sync(clerk: FakeClerk, api: Server, who: str) -> None:
    assert sync(api, who).status_code in {200, 201}


def by_own_sync(clerk: FakeClerk, api: Server, who: str) -> None:
    assert api.post(SYNC, headers=bearer(clerk, who)).status_code in {200, 201}


def by_first_request(clerk: FakeClerk, api: Server, who: str) -> None:
    assert api.get(PROFILE, headers=bearer(clerk, who)).status_code == 200


def webhook(kind: str) -> Path:
    def send(clerk: FakeClerk, api: Server, who: str) -> None:
        event = {"type": kind, "object": "event", "data": clerk.users[who]}
        message_id = f"msg_verified_{next(numbers)}"
        headers = sign_webhook(json.dumps(event).encode(), WEBHOOK_SECRET, message_id)
        answer = api.post(
            "/api/webhooks/clerk",
            content=json.dumps(event).encode(),
            headers={**headers, "Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["data"]["handled"]) == (200, True), answer.text

    return send


PATHS = {
    "sync": by_anonymous_sync,
    "token": by_own_sync,
    "first": by_first_request,
    "created": webhook("user.created"),
    "updated": webhook("user.updated"),
}


@pytest.fixture(params=PATHS)
def arrive(request: pytest.FixtureRequest) -> tuple[str, Path]:
    return str(request.param), PATHS[request.param]


def later(seconds: int = 60) -> int:
    """Return a time in milliseconds after everything that Clerk has sent so far."""
    return int(time.time() * 1000) + seconds * 1000


@pytest.mark.parametrize("status", ["unverified", "transferable", "failed", "expired"])
def test_an_unverified_address_is_not_stored(
    clerk: FakeClerk, with_clerk: Server, arrive: tuple[str, Path], status: str
) -> None:
    name, path = arrive
    email = f"{status}-{name}@example.com"
    clerk.put_user(f"user_thief{status}{name}", email, email_status=status)
    path(clerk, with_clerk, f"user_thief{status}{name}")
    assert address_of(with_clerk, f"user_thief{status}{name}") is None
    clerk.put_user(f"user_owner{status}{name}", email)
    path(clerk, with_clerk, f"user_owner{status}{name}")
    assert address_of(with_clerk, f"user_owner{status}{name}") == email


def test_a_primary_address_that_is_unverified_gives_way_to_the_first_verified(
    clerk: FakeClerk, with_clerk: Server, arrive: tuple[str, Path]
) -> None:
    name, path = arrive
    who = f"user_primary{name}"
    addresses = [
        email_address(f"victim-{name}@example.com", "unverified", id="idn_primary"),
        email_address(f"first-{name}@example.com"),
        email_address(f"second-{name}@example.com"),
    ]
    clerk.put_user(who, email_addresses=addresses, primary_email_address_id="idn_primary")
    path(clerk, with_clerk, who)
    assert address_of(with_clerk, who) == f"first-{name}@example.com"


def test_a_verified_owner_displaces_a_holder_of_unknown_verification(
    clerk: FakeClerk, with_clerk: Server, arrive: tuple[str, Path]
) -> None:
    """Rows of earlier versions hold addresses whose verification was not looked at."""
    name, path = arrive
    email, who = f"displaced-{name}@example.com", f"user_rightful{name}"
    clerk.put_user(f"user_squatter{name}", email, email_status="unverified")
    holder = add_person(with_clerk, clerk_id=f"user_squatter{name}", email=email, first_name="Sq")
    clerk.put_user(who, email.upper())
    path(clerk, with_clerk, who)
    assert address_of(with_clerk, who) == email.upper()
    sql = "select email, email_key, search_key like '%%displaced%%' from users where id = %s"
    assert rows(with_clerk, sql, holder) == [(None, None, False)]


def test_an_address_that_becomes_unverified_is_removed_and_free(
    clerk: FakeClerk, with_clerk: Server, arrive: tuple[str, Path]
) -> None:
    name, path = arrive
    email, who = f"lost-{name}@example.com", f"user_lost{name}"
    clerk.put_user(who, email, updated_at=later())
    by_anonymous_sync(clerk, with_clerk, who)
    assert address_of(with_clerk, who) == email
    clerk.put_user(who, email, email_status="unverified", updated_at=later(120))
    if name == "first":  # an account that exists is not fetched again
        path = by_own_sync
    path(clerk, with_clerk, who)
    assert address_of(with_clerk, who) is None
    clerk.put_user(f"user_next{name}", email)
    path(clerk, with_clerk, f"user_next{name}")
    assert address_of(with_clerk, f"user_next{name}") == email


def test_a_holder_that_lost_the_address_at_clerk_gives_it_up(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    """Clerk recycled the address, and the webhook about its former owner has not arrived."""
    clerk.put_user("user_former", "recycled-v@example.com")
    by_anonymous_sync(clerk, with_clerk, "user_former")
    clerk.put_user(
        "user_former", "recycled-v@example.com", email_status="unverified", updated_at=later()
    )
    clerk.put_user("user_latter", "recycled-v@example.com")
    by_first_request(clerk, with_clerk, "user_latter")
    assert address_of(with_clerk, "user_former") is None
    assert address_of(with_clerk, "user_latter") == "recycled-v@example.com"


def test_a_verified_holder_keeps_the_address(clerk: FakeClerk, with_clerk: Server) -> None:
    clerk.put_user("user_keeper", "verified-kept@example.com")
    by_first_request(clerk, with_clerk, "user_keeper")
    clerk.put_user("user_second", "verified-kept@example.com")
    webhook("user.created")(clerk, with_clerk, "user_second")
    assert address_of(with_clerk, "user_keeper") == "verified-kept@example.com"
    assert address_of(with_clerk, "user_second") is None


def test_anonymous_sync_accepts_verified_addresses_only(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    addresses = [email_address("mine@example.com"), email_address("yours@example.com", "expired")]
    clerk.put_user("user_claims", email_addresses=addresses)
    refused = sync(with_clerk, "user_claims", "yours@example.com")
    details_of(refused, 422, "VALIDATION_ERROR")
    unknown = sync(with_clerk, "user_claimz", "yours@example.com")
    assert refused.text == unknown.text.replace("user_claimz", "user_claims")
    assert sync(with_clerk, "user_claims", "MINE@example.com").status_code == 201


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "ama.owusu"},
        {"phone_numbers": [{"phone_number": "+233200000000"}]},
        {"email_addresses": [email_address("only@example.com", "unverified")], "username": "kofi"},
    ],
)
def test_people_without_a_verified_address(
    clerk: FakeClerk, with_clerk: Server, arrive: tuple[str, Path], fields: dict[str, Any]
) -> None:
    name, path = arrive
    for _ in range(2):
        who = f"user_noaddress{next(numbers)}{name}"
        clerk.put_user(who, **fields)
        path(clerk, with_clerk, who)
        profile = with_clerk.get(PROFILE, headers=bearer(clerk, who)).json()["data"]
        assert (profile["email"], profile["username"]) == (None, fields.get("username"))


def test_a_conflict_shows_an_anonymous_caller_no_address(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_clash1", "secret-clash@example.com")
    by_first_request(clerk, with_clerk, "user_clash1")
    clerk.put_user("user_clash2", "secret-clash@example.com")
    details = details_of(sync(with_clerk, "user_clash2"), 409, "CONFLICT")
    assert details == {"resource": "user", "field": "email", "value": None}
    known = sync(with_clerk, "user_clash2", "Secret-Clash@example.com")
    assert details_of(known, 409, "CONFLICT")["value"] == "Secret-Clash@example.com"


@pytest.mark.parametrize("state", ["banned", "locked"])
def test_anonymous_sync_does_not_reveal_who_is_banned(
    clerk: FakeClerk, with_clerk: Server, state: str
) -> None:
    who, other = f"user_anon{state}", f"user_free{state}"
    clerk.put_user(who)[state] = True
    clerk.put_user(other)
    for status in (201, 200):
        refused, usual = sync(with_clerk, who), sync(with_clerk, other)
        assert (refused.status_code, usual.status_code) == (status, status)
        assert refused.text.replace(who, other) == usual.text
    assert value(with_clerk, "select status from users where clerk_id = %s", who) == "SUSPENDED"
    details = details_of(with_clerk.get(PROFILE, headers=bearer(clerk, who)), 403, "FORBIDDEN")
    assert details["reason"] == "account_inactive"
    with_clerk.execute("update users set status = 'INACTIVE' where clerk_id = %s", other)
    assert sync(with_clerk, other).status_code == 200
