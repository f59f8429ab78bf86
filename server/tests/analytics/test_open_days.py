"""The part of today that a roll-up counts, beside requests that are decided at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from akako.analytics import service
from akako.analytics.daily import open_days
from akako.analytics.daily.roll import roll_days
from akako.analytics.days import Range, TimeZone
from akako.analytics.rollup import rebuild, roll_up
from akako.backends.database.pool import Pool

ZONE = "UTC"
ADD = "insert into enrollment_moments (enrollment_id, kind, at) values ($1, 'requested', $2)"
PARTS = "select day, until, requested from analytics_open_days order by day"
WAITING = (
    "select count(*) from pg_locks where relation = 'analytics_days'::regclass and not granted"
)


def midnight() -> datetime:
    """Return the start of the last day of which a roll-up counts a part.

    In the first minutes of a day this is the day before.
    """
    settled = datetime.now(UTC) - open_days.SETTLE
    return settled.replace(hour=0, minute=0, second=0, microsecond=0)


async def requested(db: Pool, zone: str = ZONE) -> int:
    """Return the requests of yesterday and today."""
    today = TimeZone(zone).today()
    days = Range(today - timedelta(days=1), today, "day")
    return sum(each.requested for each in await service.enrollments(db, TimeZone(zone), days))


class Late(Pool):
    """A pool that adds an old moment after the counts of open days have been read."""

    async def fetch(self, sql: str, *values: object) -> Any:
        rows = await super().fetch(sql, *values)
        if sql == open_days.COUNT:
            await self.execute(ADD, "late", midnight())
        return rows


async def test_a_moment_added_after_the_counts_were_read(url: str, db: Pool) -> None:
    await db.execute(ADD, "first", midnight())
    late = Late(url, size=1)
    await roll_days(late, ZONE, first=None)
    await late.close()
    assert await requested(db) == 2
    await roll_up(db, ZONE)
    assert await requested(db) == 2
    assert sum(row["requested"] for row in await db.fetch(PARTS)) <= 2


async def test_a_transaction_that_is_open_as_the_day_is_counted(url: str, db: Pool) -> None:
    await db.execute(ADD, "first", midnight())
    async with await psycopg.AsyncConnection.connect(url) as session:
        sql = "insert into enrollment_moments (enrollment_id, kind, at) values (%s, %s, %s)"
        await session.execute(sql, ("open", "requested", midnight()))
        running = asyncio.create_task(roll_days(db, ZONE, first=None))
        while not await db.fetchval(WAITING):
            assert not running.done()
            await asyncio.sleep(0.01)
    await running
    assert await requested(db) == 2


async def test_moments_around_the_end_of_the_part_count_once(db: Pool) -> None:
    await db.execute(ADD, "before", datetime.now(UTC) - timedelta(minutes=30))
    await roll_up(db, ZONE)
    for number, minutes in enumerate((0.0, 0.5, 9.5, 10.5, 20.0)):
        await db.execute(ADD, f"n{number}", datetime.now(UTC) - timedelta(minutes=minutes))
        assert await requested(db) == number + 2
        await roll_up(db, ZONE)
        assert await requested(db) == number + 2
    await rebuild(db, ZONE, first=None)
    assert await requested(db) == 6


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/St_Johns"])
async def test_only_days_that_are_open_have_a_part(db: Pool, zone: str) -> None:
    for hours in range(0, 72, 4):
        await db.execute(ADD, f"n{hours}", datetime.now(UTC) - timedelta(hours=hours))
    live = await requested(db, zone)
    for _ in range(2):
        await roll_up(db, zone)
        assert await requested(db, zone) == live
    (*earlier, last) = await db.fetch(PARTS)
    assert last["day"] == TimeZone(zone).today()
    assert len(earlier) <= 1  # yesterday is open until some minutes after midnight
    assert last["until"] < datetime.now(UTC) - timedelta(minutes=9)
