"""Rows that are committed while the figures of their day are computed are counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from akako.analytics import queries
from akako.analytics.daily import roll
from akako.analytics.rollup import rebuild, roll_up
from akako.backends.database.pool import Pool

ZONE = "UTC"
DAYS = 40
ADD = "insert into activity_days (day, user_id) values (%s, %s)"
STORED = "select day, learners_7d, learners_28d, window_rows from analytics_days order by day"
WAITING = (
    "select count(*) from pg_locks where relation = 'analytics_days'::regclass and not granted"
)


def days() -> list[date]:
    today = datetime.now(UTC).date()
    return [today - timedelta(days=back) for back in range(DAYS)]


async def active(db: Pool) -> list[tuple[int, int]]:
    rows = await queries.read_active(db, ZONE, days())
    return [(row["learners_7d"], row["learners_28d"]) for row in rows]


@pytest.fixture
async def session(url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        for number, day in enumerate(days()):
            await connection.execute(ADD, (day, f"u{number % 3}"))
        yield connection


class Late(Pool):
    """A pool that runs a function after the figures of a chunk have been read."""

    late: Any = None

    async def fetch(self, sql: str, *values: object) -> Any:
        rows = await super().fetch(sql, *values)
        if sql in (roll.FIGURES_OF_MANY, roll.FIGURES_OF_FEW) and self.late:
            await self.late()
        return rows


async def test_a_row_added_after_the_figures_were_read(
    url: str, db: Pool, session: psycopg.AsyncConnection[Any]
) -> None:
    late = Late(url, size=1)
    day = days()[20]

    async def add() -> None:
        await session.execute(ADD, (day, "late"))
        late.late = None

    late.late = add
    await rebuild(late, ZONE, first=None)
    await late.close()
    expected = [3] * 20 + [4] + [3] * (DAYS - 21)
    for back in range(20 - 6, 20):
        expected[back] = 4
    assert [few for few, _ in await active(db)][:30] == expected[:30]
    await roll_up(db, ZONE)
    stored = await db.fetch(STORED)
    assert len(stored) == DAYS
    await rebuild(db, ZONE, first=None)
    assert await db.fetch(STORED) == stored
    assert [few for few, _ in await active(db)][:30] == expected[:30]


async def test_a_transaction_that_is_open_as_the_figures_are_read(
    db: Pool, session: psycopg.AsyncConnection[Any]
) -> None:
    async with session.transaction():
        await session.execute(ADD, (days()[20], "late"))
        running = asyncio.create_task(rebuild(db, ZONE, first=None))
        while not await db.fetchval(WAITING):
            assert not running.done()
            await asyncio.sleep(0.01)
    assert await running == DAYS
    seven = {row["day"]: row["learners_7d"] for row in await db.fetch(STORED)}
    assert [seven[day] for day in days()[13:21]] == [3, 4, 4, 4, 4, 4, 4, 4]


async def test_the_figures_do_not_depend_on_the_days_per_statement(
    db: Pool, session: psycopg.AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await rebuild(db, ZONE, first=None)
    whole = await db.fetch(STORED)
    for number in (1, 7):
        monkeypatch.setattr(roll, "CHUNK_DAYS", number)
        await rebuild(db, ZONE, first=None)
        assert await db.fetch(STORED) == whole
