"""What a message costs the database, in statements, each of which is a round trip."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from akako.backends.clerk_user import parse_user
from akako.backends.database.pool import Pool
from akako.kernel.core.access import Policy
from akako.webhooks import service
from tests.webhooks.conftest import event, user

WHO = "user_counted"


class Counting:
    """The database, and the statements it was sent."""

    def __init__(self, pool: Pool, seen: list[str]) -> None:
        self.pool = pool
        self.seen = seen
        self._number = 0

    async def receive(self, message: object, message_id: str | None = None) -> tuple[int, Any]:
        """Apply a message; return how many statements that took, and the receipt."""
        self._number += 1
        self.seen.clear()
        body = json.dumps(message).encode()
        receipt = await service.receive(
            self.pool, message_id or f"msg_{self._number}", body, Policy(), parse_user
        )
        await asyncio.sleep(0)  # the driver tells of a statement when its turn comes
        return len(self.seen), receipt


@pytest.fixture
async def db(new_database: Callable[[], str]) -> AsyncIterator[Counting]:
    pool = Pool(new_database(), size=1)
    seen: list[str] = []
    async with pool.connection() as held:
        held.add_query_logger(lambda record: seen.append(record.query))
    yield Counting(pool, seen)
    await pool.close()


async def test_messages_about_a_person_take_five_statements(db: Counting) -> None:
    """Begin, note and lock, look, write, commit; a deletion goes through the audit trail too."""
    messages = [
        event("user.created", user(WHO, at=1, email="a@example.com", first_name="A")),
        event("user.updated", user(WHO, at=2, email="b@example.com", first_name="B")),
        event("user.deleted", {"id": WHO, "deleted": True}),
    ]
    for message in messages:
        taken, receipt = await db.receive(message)
        assert receipt.handled is True
        assert 1 < taken <= (6 if message is messages[-1] else 5), db.seen
    assert await db.pool.fetchval("select deleted_at is not null from users") is True
    assert await db.pool.fetchval("select count(*) from audit_log") == 1


async def test_late_news_and_repetitions_take_fewer(db: Counting) -> None:
    await db.receive(event("user.created", user(WHO, at=5)), "first")
    stale, receipt = await db.receive(event("user.updated", user(WHO, at=4)))
    assert receipt.handled is True
    repeated, receipt = await db.receive(event("user.created", user(WHO, at=5)), "first")
    assert receipt.duplicate is True
    assert stale <= 4
    assert repeated <= 3


@pytest.mark.parametrize(
    ("message", "handled"),
    [
        (event("session.ended", {"id": "sess_1"}), True),
        (event("organization.created", {"id": "org_1"}), False),
        (event("user.created", {"id": 5}), False),
        (["no object"], False),
    ],
    ids=["session", "unknown", "impossible", "garbage"],
)
async def test_all_other_messages_take_one(db: Counting, message: object, handled: bool) -> None:
    taken, receipt = await db.receive(message)
    assert (taken, receipt.handled) == (1, handled)
