"""What Clerk reports is applied once, in any order, and never lost."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from typing import Any

import httpx
import pytest

from tests.parts import promises
from tests.parts.fake_clerk import sign_webhook
from tests.webhooks.conftest import PATH, SECRET, Clerk, event, user


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


def test_one_message_delivered_in_parallel_is_applied_once(clerk: Clerk, fresh_id: str) -> None:
    body = json.dumps(event("user.created", user(fresh_id, at=1))).encode()
    headers = {"Content-Type": "application/json", **sign_webhook(body, SECRET, f"p{fresh_id}")}

    async def deliver() -> list[httpx.Response]:
        async with httpx.AsyncClient(
            event_hooks=promises.HOOKS, base_url=clerk.server.url, timeout=30
        ) as client:
            posts = (client.post(PATH, content=body, headers=headers) for _ in range(10))
            return await asyncio.gather(*posts)

    receipts = [each.json()["data"] for each in asyncio.run(deliver())]
    assert sum("handled" in each for each in receipts) == 1
    with clerk.server.db() as db:
        count = db.execute("select count(*) from users where clerk_id = %s", [fresh_id]).fetchone()
    assert count == (1,)


def final_state(clerk: Clerk, clerk_id: str) -> tuple[Any, ...]:
    row = clerk.row(clerk_id)
    with clerk.server.db() as db:
        buried = db.execute(
            "select count(*) from user_tombstones where clerk_id = %s", [clerk_id]
        ).fetchone()
    facts = (row["email"], row["first_name"], row["deleted_at"] is None) if row else None
    return facts, buried


@pytest.mark.parametrize("with_deletion", [False, True])
def test_every_order_ends_in_the_same_state(
    clerk: Clerk, fresh_id: str, with_deletion: bool
) -> None:
    rng = random.Random(7)
    kinds = ["created", "older", "newer"] + (["deleted"] if with_deletion else [])
    states = set()
    for number, order in enumerate(itertools.permutations(kinds)):
        clerk_id = f"{fresh_id}x{number}"
        events = {
            "created": event(
                "user.created",
                user(clerk_id, at=100, email=f"{clerk_id}@a.example", first_name="A"),
            ),
            "older": event(
                "user.updated",
                user(clerk_id, at=200, email=f"{clerk_id}@b.example", first_name="B"),
            ),
            "newer": event(
                "user.updated",
                user(clerk_id, at=300, email=f"{clerk_id}@c.example", first_name="C"),
            ),
            "deleted": event("user.deleted", {"object": "user", "id": clerk_id, "deleted": True}),
        }
        for kind in order:
            for _ in range(rng.randint(1, 3)):
                response = clerk.send(events[kind], message_id=f"{clerk_id}{kind}")
                assert response.status_code == 200
        facts, buried = final_state(clerk, clerk_id)
        if with_deletion:
            # Deleted first, there never was a row; deleted later, nothing personal is left.
            assert facts is None or facts == (None, None, False)
        else:
            assert facts == (f"{clerk_id}@c.example", "C", True)
        states.add(buried)
    assert states == {(1,)} if with_deletion else states == {(0,)}


def test_events_in_parallel_end_in_the_same_state(clerk: Clerk, fresh_id: str) -> None:
    moments = [100, 200, 300, 400] * 2
    events = [
        event("user.updated", user(fresh_id, at=at, email=f"{fresh_id}{at}@a.example"))
        for at in moments
    ]

    async def deliver() -> list[int]:
        async with httpx.AsyncClient(
            event_hooks=promises.HOOKS, base_url=clerk.server.url, timeout=30
        ) as client:

            async def one(each: dict[str, Any], number: int) -> int:
                body = json.dumps(each).encode()
                signed = sign_webhook(body, SECRET, f"{fresh_id}{number}")
                headers = {"Content-Type": "application/json", **signed}
                return (await client.post(PATH, content=body, headers=headers)).status_code

            return await asyncio.gather(*(one(each, n) for n, each in enumerate(events)))

    assert set(asyncio.run(deliver())) == {200}
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["email"] == f"{fresh_id}400@a.example"


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
]


@pytest.mark.parametrize("sent", UNUSABLE, ids=range(len(UNUSABLE)))
def test_unusable_messages_are_kept_aside_and_answered_200(clerk: Clerk, sent: object) -> None:
    message_id = clerk.new_id()
    response = clerk.send(sent, message_id=message_id)
    assert response.status_code == 200
    assert response.json()["data"] == {"received": True, "handled": False}
    with clerk.server.db() as db:
        kept = db.execute(
            "select count(*) from webhook_dead_letters where message_id = %s", [message_id]
        ).fetchone()
    assert kept == (1,)


def test_unknown_types_are_received_and_not_handled(clerk: Clerk) -> None:
    response = clerk.send(event("organization.created", {"id": "org_1"}))
    assert response.json()["data"] == {"received": True, "handled": False}


def test_strange_names_are_stored_safely(clerk: Clerk, fresh_id: str) -> None:
    data = user(fresh_id, at=1, first_name="x" * 300, last_name="a\u202eb\u0007c")
    assert clerk.send(event("user.created", data)).json()["data"]["handled"] is True
    row = clerk.row(fresh_id)
    assert row is not None
    assert len(row["first_name"]) == 100
    assert row["last_name"] == "abc"


def test_a_burst_of_a_thousand(clerk: Clerk, fresh_id: str) -> None:
    async def deliver() -> list[int]:
        limits = httpx.Limits(max_connections=20)
        async with httpx.AsyncClient(
            event_hooks=promises.HOOKS, base_url=clerk.server.url, timeout=60, limits=limits
        ) as client:

            async def one(number: int) -> int:
                clerk_id = f"{fresh_id}n{number}"
                data = user(clerk_id, at=number + 1, email=f"{clerk_id}@example.com")
                body = json.dumps(event("user.created", data)).encode()
                signed = sign_webhook(body, SECRET, clerk_id)
                headers = {"Content-Type": "application/json", **signed}
                return (await client.post(PATH, content=body, headers=headers)).status_code

            return await asyncio.gather(*(one(number) for number in range(1000)))

    started = time.monotonic()
    assert set(asyncio.run(deliver())) == {200}
    assert time.monotonic() - started < 110  # 15 on a machine with nothing else to do
    with clerk.server.db() as db:
        stored = db.execute(
            "select count(*) from users where clerk_id like %s", [f"{fresh_id}n%"]
        ).fetchone()
    assert stored == (1000,)


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
