"""What Clerk reports is applied once, in any order, and never lost."""

from __future__ import annotations

import pytest

from tests.webhooks.conftest import Clerk, event, user


def test_the_sample_of_the_reference_is_accepted(clerk: Clerk) -> None:
    sample = {
        "type": "user.created",
        "data": {
            "id": "user_123",
            "email_addresses": [],
            "first_name": "John",
            "last_name": "Doe",
        },
    }
    response = clerk.send(sample)
    assert response.status_code == 200
    assert response.json()["data"]["handled"] is True
    row = clerk.row("user_123")
    assert row is not None
    assert (row["first_name"], row["last_name"], row["email"]) == ("John", "Doe", None)


def test_the_same_message_twice_has_one_effect(clerk: Clerk, fresh_id: str) -> None:
    created = event("user.created", user(fresh_id, at=1, first_name="A"))
    assert clerk.send(created, message_id=f"m{fresh_id}").json()["data"]["handled"] is True
    again = clerk.send(created, message_id=f"m{fresh_id}")
    assert again.status_code == 200
    assert again.json()["data"] == {"received": True, "duplicate": True}


def test_a_local_name_survives_until_clerks_changes(clerk: Clerk, fresh_id: str) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1, first_name="Esi")))
    token = clerk.fake.mint(fresh_id)
    edited = clerk.server.put(
        "/api/auth/profile",
        json={"firstName": "Esther"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert edited.status_code == 200
    clerk.send(event("user.updated", user(fresh_id, at=2, first_name="Esi")))
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["first_name"] == "Esther"
    clerk.send(event("user.updated", user(fresh_id, at=3, first_name="Adwoa")))
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["first_name"] == "Adwoa"


def test_roles_in_metadata_are_ignored(clerk: Clerk, fresh_id: str) -> None:
    data = user(fresh_id, at=1, public_metadata={"role": "ADMIN"}, roles=["ADMIN"])
    assert clerk.send(event("user.created", data)).status_code == 200
    profile = clerk.get("/api/auth/profile", fresh_id).json()["data"]
    assert profile["roles"] == ["LEARNER"]


def test_a_ban_suspends_and_its_end_lifts_that(clerk: Clerk, fresh_id: str) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1)))
    clerk.send(event("user.updated", user(fresh_id, at=2, banned=True)))
    refused = clerk.get("/api/auth/profile", fresh_id)
    assert refused.status_code == 403
    assert refused.json()["details"]["reason"] == "account_inactive"
    clerk.send(event("user.updated", user(fresh_id, at=3, banned=False)))
    assert clerk.get("/api/auth/profile", fresh_id).status_code == 200


def test_deletion_takes_effect_at_once_and_personal_data_is_gone(
    clerk: Clerk, fresh_id: str
) -> None:
    clerk.send(
        event("user.created", user(fresh_id, at=1, email="gone@example.com", first_name="G"))
    )
    assert clerk.get("/api/auth/profile", fresh_id).status_code == 200
    clerk.send(event("user.deleted", {"id": fresh_id, "object": "user", "deleted": True}))
    assert clerk.get("/api/auth/profile", fresh_id).status_code == 401
    row = clerk.row(fresh_id)
    assert row is not None
    assert (row["email"], row["first_name"], row["search_key"]) == (None, None, "")


def test_a_recycled_address_makes_a_new_row_without_old_roles(clerk: Clerk, fresh_id: str) -> None:
    first, second = f"{fresh_id}a", f"{fresh_id}b"
    address = f"{fresh_id}@example.com"
    clerk.send(event("user.created", user(first, at=1, email=address)))
    clerk.send(event("user.deleted", {"id": first}))
    clerk.send(event("user.created", user(second, at=2, email=address)))
    old, new = clerk.row(first), clerk.row(second)
    assert old is not None
    assert new is not None
    assert old["id"] != new["id"]
    assert new["email"] == address


def test_a_taken_address_is_left_to_its_owner(clerk: Clerk, fresh_id: str) -> None:
    address = f"{fresh_id}@example.com"
    clerk.send(event("user.created", user(f"{fresh_id}a", at=1, email=address)))
    assert clerk.send(event("user.created", user(f"{fresh_id}b", at=1, email=address))).is_success
    owner, newcomer = clerk.row(f"{fresh_id}a"), clerk.row(f"{fresh_id}b")
    assert owner is not None
    assert newcomer is not None
    assert (owner["email"], newcomer["email"]) == (address, None)


def test_an_ended_session_is_refused_at_once(clerk: Clerk, fresh_id: str) -> None:
    clerk.send(event("user.created", user(fresh_id, at=1)))
    token = clerk.fake.mint(fresh_id, sid="sess_ending")
    headers = {"Authorization": f"Bearer {token}"}
    assert clerk.server.get("/api/auth/profile", headers=headers).status_code == 200
    ended = clerk.send(event("session.revoked", {"id": "sess_ending", "user_id": fresh_id}))
    assert ended.json()["data"]["handled"] is True
    assert clerk.server.get("/api/auth/profile", headers=headers).status_code == 401


UNUSABLE: list[object] = [
    b"not json",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"[1]",
    b'{"a":' * 30 + b"1" + b"}" * 30,
    {},
    {"type": 5},
    {"type": "user.created"},
    {"type": "user.created", "data": None},
    {"type": "user.created", "data": [1]},
    {"type": "user.created", "data": {"id": 7}},
    {"type": "user.created", "data": {"id": "../x"}},
    {"type": "user.deleted", "data": {"deleted": True}},
    {"type": "session.ended", "data": {"id": None}},
    b'{"type": "user.created", "data": {"id": "user_\\ud800"}}',
    b'{"type": "user.created", "type": "user.deleted", "data": {"id": "user_1"}}',
    b'{"type": "user.created", "data": {"id": "user_1", "updated_at": NaN}}',
]


@pytest.mark.parametrize("sent", UNUSABLE, ids=range(len(UNUSABLE)))
def test_unusable_messages_are_kept_aside_and_answered_200(clerk: Clerk, sent: object) -> None:
    message_id, before = clerk.new_id(), clerk.alerts("webhook_dead_letter")
    response = clerk.send(sent, message_id=message_id)
    assert response.status_code == 200
    assert response.json()["data"] == {"received": True, "handled": False}
    assert clerk.alerts("webhook_dead_letter") == before + 1
    assert clerk.send(sent, message_id=message_id).json()["data"]["duplicate"] is True
    with clerk.server.db() as db:
        kept = db.execute(
            "select count(*) from webhook_dead_letters where message_id = %s", [message_id]
        ).fetchone()
    assert kept == (1,)


def test_unknown_types_are_received_and_not_handled(clerk: Clerk) -> None:
    response = clerk.send(event("organization.created", {"id": "org_1"}))
    assert response.json()["data"] == {"received": True, "handled": False}


def test_what_is_large_or_strange_beside_the_facts_does_no_harm(
    clerk: Clerk, fresh_id: str
) -> None:
    strange = {
        "first_name": "a\0b",
        "last_name": ["x"],
        "image_url": 5,
        "created_at": "yesterday",
        "username": None,
        "email_addresses": [None, 5, {}, {"email_address": None}, {"email_address": "a\0@b.org"}],
        "private_metadata": None,
        "public_metadata": {"pad": "x" * 1_000_000},
    }
    answer = clerk.send(event("user.created", user(fresh_id, at=1) | strange))
    assert answer.json()["data"] == {"received": True, "handled": True}
    row = clerk.row(fresh_id)
    assert row is not None
    assert [row[name] for name in ("first_name", "last_name", "email", "image_url")] == [None] * 4


def test_a_primary_address_whose_verification_is_null_is_not_used(
    clerk: Clerk, fresh_id: str
) -> None:
    addresses = [
        {
            "id": "idn_2",
            "email_address": f"{fresh_id}@b.org",
            "verification": {"status": "verified"},
        },
        {"id": "idn_1", "email_address": f"{fresh_id}@a.org", "verification": None},
    ]
    data = user(fresh_id, at=1) | {"email_addresses": addresses}
    assert clerk.send(event("user.created", data)).is_success
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["email"] == f"{fresh_id}@b.org"


def test_strange_names_are_stored_safely(clerk: Clerk, fresh_id: str) -> None:
    data = user(fresh_id, at=1, first_name="x" * 300, last_name="a\u202eb\u0007c")
    assert clerk.send(event("user.created", data)).json()["data"]["handled"] is True
    row = clerk.row(fresh_id)
    assert row is not None
    assert len(row["first_name"]) == 100
    assert row["last_name"] == "abc"


def test_news_without_a_date_make_a_row_and_never_change_one(clerk: Clerk, fresh_id: str) -> None:
    clerk.send(event("user.created", user(fresh_id, at=None, first_name="First")))
    answer = clerk.send(event("user.updated", user(fresh_id, at=None, first_name="Undated")))
    assert answer.json()["data"] == {"received": True, "handled": True}
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["first_name"] == "First"
    clerk.send(event("user.updated", user(fresh_id, at=5, first_name="Dated")))
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["first_name"] == "Dated"
