"""A thousand concurrent messages get their responses in time, and delay no other request."""

from __future__ import annotations

import asyncio
import time

import httpx2
import pytest

from akako.backends.clerk_user import parse_user
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.db.turns import Turns
from akako.webhooks import routes
from tests.parts import promises
from tests.webhooks.conftest import Clerk, event, user

SVIX_SECONDS = 15  # Svix then retries the message
# The rest is for a machine that also runs other tests.
SECONDS = 60
PAUSE_SECONDS = 0.05
LOCK = "select pg_advisory_lock(hashtextextended(%s, 1))"
UNLOCK = "select pg_advisory_unlock(hashtextextended(%s, 1))"


async def ordinary_traffic(clerk: Clerk, headers: dict[str, str], done: asyncio.Event) -> list[int]:
    """Read and write as one user until `done` is set; return the statuses."""
    statuses: list[int] = []
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=clerk.server.url, timeout=30, verify=False
    ) as client:
        while not done.is_set():
            answers = [
                await client.get("/api/education/levels"),
                await client.get("/api/auth/profile", headers=headers),
                await client.put("/api/auth/profile", headers=headers, json={"firstName": "Esi"}),
            ]
            statuses += [each.status_code for each in answers]
            await asyncio.sleep(PAUSE_SECONDS)
    return statuses


async def test_a_thousand_at_once_beside_ordinary_traffic(clerk: Clerk, fresh_id: str) -> None:
    clerk.fake.put_user(fresh_id, f"{fresh_id}@example.com")
    assert clerk.get("/api/auth/profile", fresh_id).status_code == 200
    headers = {"Authorization": f"Bearer {clerk.fake.mint(fresh_id, ttl=600)}"}
    people = [f"{fresh_id}n{number}" for number in range(1000)]
    messages = [
        (event("user.created", user(each, at=1, email=f"{each}@example.com")), each)
        for each in people
    ]
    done = asyncio.Event()
    others = [asyncio.create_task(ordinary_traffic(clerk, headers, done)) for _ in range(3)]
    started = time.monotonic()
    answers = await clerk.deliver(messages)
    taken = time.monotonic() - started
    done.set()
    assert {each.status_code for each in answers} == {200}
    assert taken < SECONDS
    for each in await asyncio.gather(*others):
        assert set(each) == {200}
    with clerk.server.db() as db:
        stored = db.execute(
            "select count(*) from users where clerk_id = any(%s)", [people]
        ).fetchone()
    assert stored == (1000,)


async def test_messages_that_are_held_up_leave_the_database_to_others(
    clerk: Clerk, fresh_id: str
) -> None:
    """More of them than there are connections, and none of them can go on for now."""
    message = event("user.created", user(fresh_id, at=1))
    with clerk.server.db() as db:
        db.execute(LOCK, [fresh_id])
        held_up = asyncio.create_task(
            clerk.deliver([(message, f"{fresh_id}{number}") for number in range(30)])
        )
        await clerk.waiting(db)
        levels = [clerk.server.get("/api/education/levels").status_code for _ in range(5)]
        assert not held_up.done()
        db.execute(UNLOCK, [fresh_id])
    answers = await held_up
    assert levels == [200] * 5
    assert {each.status_code for each in answers} == {200}


async def test_a_message_cut_off_by_the_database_leaves_nothing_and_succeeds_again(
    clerk: Clerk, fresh_id: str
) -> None:
    message = event("user.created", user(fresh_id, at=1, first_name="Again"))
    with clerk.server.db() as db:
        db.execute(LOCK, [fresh_id])
        sending = asyncio.create_task(clerk.deliver([(message, f"cut{fresh_id}")]))
        (session,) = await clerk.waiting(db)
        db.execute("select pg_terminate_backend(%s)", [session])
        (refused,) = await sending
        db.execute(UNLOCK, [fresh_id])
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        sql = "select count(*) from webhook_messages where message_id = %s"
        assert db.execute(sql, [f"cut{fresh_id}"]).fetchone() == (0,)
    (again,) = await clerk.deliver([(message, f"cut{fresh_id}")])
    assert again.json()["data"] == {"received": True, "handled": True}
    row = clerk.row(fresh_id)
    assert row is not None
    assert row["first_name"] == "Again"


async def test_a_message_that_waits_too_long_is_refused_in_time() -> None:
    turns = routes.ClerkWebhooks(read_user=parse_user).turns
    assert turns.seconds < SVIX_SECONDS
    turns = Turns(1, 0.05, retry_after=5)
    async with turns:
        with pytest.raises(ServiceUnavailable) as refused:
            async with turns:
                raise AssertionError("two at a time")
    assert refused.value.headers["Retry-After"] == "5"
    async with turns:
        pass
