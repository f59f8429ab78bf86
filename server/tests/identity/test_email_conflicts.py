"""Addresses move between people; accounts are never linked by them, and roles never inherited."""

from __future__ import annotations

import time

import pytest

from akako.dev.fake_clerk import FakeClerk
from tests.http.refusals import details_of
from tests.identity.clerk import PROFILE, address_of, bearer, roles_of, sync
from tests.identity.people import rows, value
from tests.parts.server import Server


def later() -> int:
    """Return a moment after all events of Clerk so far, in milliseconds."""
    return int(time.time() * 1000) + 60_000


def promote(api: Server, clerk_id: str) -> None:
    api.execute(
        "insert into user_roles (id, user_id, role, effective_start) "
        "select %s, id, 'MENTOR', now() from users where clerk_id = %s",
        f"mentor-{clerk_id}",
        clerk_id,
    )


def forget(api: Server, clerk_id: str) -> None:
    """As after a deletion at Clerk, except that the address is still in the row."""
    api.execute("update users set deleted_at = now() where clerk_id = %s", clerk_id)
    api.execute("insert into user_tombstones (clerk_id) values (%s)", clerk_id)


def test_an_address_of_a_deleted_user_is_free_and_brings_no_roles(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_old", "recycled@example.com")
    assert sync(with_clerk, "user_old").status_code == 201
    promote(with_clerk, "user_old")
    forget(with_clerk, "user_old")
    clerk.put_user("user_new", "Recycled@example.com")
    assert sync(with_clerk, "user_new").status_code == 201
    assert address_of(with_clerk, "user_new") == "Recycled@example.com"
    assert roles_of(with_clerk, "user_new") == ["LEARNER"]
    assert sync(with_clerk, "user_old").status_code == 422


def test_an_address_that_belongs_to_another_user_is_a_conflict(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_holder", "held@example.com")
    clerk.put_user("user_rival", "HELD@example.com")
    assert sync(with_clerk, "user_holder").status_code == 201
    before = alerts(with_clerk, "email_conflict")
    for answer in (
        sync(with_clerk, "user_rival", "HELD@example.com"),
        with_clerk.get(PROFILE, headers=bearer(clerk, "user_rival")),
    ):
        details = details_of(answer, 409, "CONFLICT")
        assert details == {"resource": "user", "field": "email", "value": "HELD@example.com"}
    assert value(with_clerk, "select count(*) from users where clerk_id = 'user_rival'") == 0
    assert address_of(with_clerk, "user_holder") == "held@example.com"
    assert alerts(with_clerk, "email_conflict") == before + 2
    sql = "select after ->> 'holder' from audit_log where action = 'user.link_conflict'"
    assert ("user_holder",) in rows(with_clerk, sql)
    assert "held@" not in with_clerk.log().casefold()


def alerts(api: Server, kind: str) -> float:
    line = f'akako_alerts_total{{kind="{kind}"}} '
    found = [each for each in api.get("/metrics").text.splitlines() if each.startswith(line)]
    return float(found[0].removeprefix(line)) if found else 0.0


def test_a_holder_who_has_moved_on_is_brought_up_to_date(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_mover", "wanted@example.com")
    assert sync(with_clerk, "user_mover").status_code == 201
    clerk.put_user("user_mover", "moved@example.com", updated_at=later())
    clerk.put_user("user_heir", "wanted@example.com")
    assert sync(with_clerk, "user_heir").status_code == 201
    assert address_of(with_clerk, "user_mover") == "moved@example.com"
    assert address_of(with_clerk, "user_heir") == "wanted@example.com"


def test_a_holder_who_is_gone_at_clerk_is_forgotten(clerk: FakeClerk, with_clerk: Server) -> None:
    clerk.put_user("user_ghost", "ghost@example.com", first_name="Ghost")
    assert sync(with_clerk, "user_ghost").status_code == 201
    promote(with_clerk, "user_ghost")
    del clerk.users["user_ghost"]
    clerk.put_user("user_living", "ghost@example.com")
    assert sync(with_clerk, "user_living").status_code == 201
    assert roles_of(with_clerk, "user_living") == ["LEARNER"]
    assert roles_of(with_clerk, "user_ghost") == []
    sql = "select email, first_name, deleted_at is not null from users where clerk_id = %s"
    assert rows(with_clerk, sql, "user_ghost") == [(None, None, True)]


def test_two_who_swap_their_addresses_end_with_the_right_ones(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    clerk.put_user("user_left", "left@example.com")
    clerk.put_user("user_right", "right@example.com")
    for who in ("user_left", "user_right"):
        assert sync(with_clerk, who).status_code == 201
    clerk.put_user("user_left", "right@example.com", updated_at=later())
    clerk.put_user("user_right", "left@example.com", updated_at=later())
    for who in ("user_left", "user_right"):
        assert sync(with_clerk, who).status_code == 200
    assert address_of(with_clerk, "user_left") == "right@example.com"
    assert address_of(with_clerk, "user_right") == "left@example.com"


def test_while_clerk_is_away_no_user_loses_an_address(clerk: FakeClerk, with_clerk: Server) -> None:
    clerk.put_user("user_owner", "kept@example.com")
    assert sync(with_clerk, "user_owner").status_code == 201
    clerk.fail("user", 500)
    details_of(sync(with_clerk, "user_owner"), 503, "SERVICE_UNAVAILABLE")
    clerk.heal()
    assert address_of(with_clerk, "user_owner") == "kept@example.com"
    assert sync(with_clerk, "user_owner").status_code == 200


@pytest.mark.parametrize(
    ("clerk_name", "expected"), [("Same", "Local"), ("Changed", "Changed"), (None, None)]
)
def test_a_local_name_stays_until_clerks_changes(
    clerk: FakeClerk, with_clerk: Server, clerk_name: str | None, expected: str | None
) -> None:
    who = f"user_name{clerk_name}"
    clerk.put_user(who, f"{who}@example.com", first_name="Same")
    headers = bearer(clerk, who)
    with_clerk.put(PROFILE, json={"firstName": "Local"}, headers=headers)
    clerk.put_user(who, f"{who}@example.com", first_name=clerk_name, updated_at=later())
    assert sync(with_clerk, who).status_code == 200
    profile = with_clerk.get(PROFILE, headers=headers).json()["data"]
    assert profile["firstName"] == expected


def test_older_news_change_nothing(clerk: FakeClerk, with_clerk: Server) -> None:
    clerk.put_user("user_times", "now@example.com", updated_at=later())
    assert sync(with_clerk, "user_times").status_code == 201
    for moment in (1_000, None):
        clerk.put_user("user_times", "before@example.com", updated_at=moment)
        assert sync(with_clerk, "user_times").status_code == 200
        assert address_of(with_clerk, "user_times") == "now@example.com"
