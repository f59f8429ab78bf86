"""The analyses, the search and the pages' own reads: few blocks, and no large table as a whole.

Blocks of 8 KiB bound the time without a clock: a core reads at least 200,000 cached ones a second.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from akako.analytics import queries, service, totals
from akako.analytics.days import Range, TimeZone
from akako.backends.database.pool import Pool
from akako.integrations import deliveries
from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.search import queries as search
from akako.search.schemas import SearchQuery
from akako.webhooks import queries as inbound
from tests.kept_fast.plans import every
from tests.kept_fast.school import LARGE

ZONE = TimeZone()
MOST_BLOCKS = 10_000  # 50 ms
Read = Callable[[Database], Awaitable[object]]


class Explaining:
    """A `Database` that also explains each statement, as it runs."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self.blocks = 0
        self.scanned: set[str] = set()

    async def _explain(self, sql: str, values: tuple[object, ...]) -> None:
        found = await self._db.fetchval(f"explain (analyze, buffers, format json) {sql}", *values)
        (run,) = json.loads(found)
        root = run["Plan"]
        self.blocks += root["Shared Hit Blocks"] + root["Shared Read Blocks"]
        scans = [node for node in every(root) if node["Node Type"] == "Seq Scan"]
        self.scanned |= {node["Relation Name"] for node in scans} & LARGE

    async def fetch(self, sql: str, *values: object) -> Any:
        await self._explain(sql, values)
        return await self._db.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: object) -> Any:
        await self._explain(sql, values)
        return await self._db.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        await self._explain(sql, values)
        return await self._db.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        raise AssertionError("a read changes nothing")

    def transaction(self) -> Any:
        raise AssertionError("a read opens no transaction")


def ranges(today: date) -> dict[str, Range]:
    """Return the default range, the longest one, and the days of the stored requests."""
    old = date(2026, 1, 1)
    return {
        "8 weeks": Range(today - timedelta(days=55), today, "week"),
        "400 days": Range(today - timedelta(days=399), today, "day"),
        "the first days": Range(old, old + timedelta(days=30), "day"),
    }


def reads() -> dict[str, Read]:
    """Return what is read, by name."""
    found: dict[str, Read] = {}
    for name, days in ranges(ZONE.today()).items():
        found[f"enrollments of {name}"] = partial(service.enrollments, zone=ZONE, days=days)
        found[f"active learners of {name}"] = partial(service.active_learners, zone=ZONE, days=days)
    weeks = ranges(ZONE.today())["8 weeks"]
    found["waiting requests"] = partial(service.waiting, zone=ZONE, days=weeks)
    for sort in totals.LISTED.sorts:
        request = listing.read(totals.LISTED, {"sort": sort, "gradeId": "g5"})
        found[f"completion by {sort}"] = partial(service.completion, request=request)
    month = ZONE.today().replace(day=1)
    return {
        **found,
        "storage": partial(service.storage, zone=ZONE),
        "users": totals.read_users,
        "usage": partial(queries.read_callers, subject="user:u5", month=month),
        "latest deliveries": partial(deliveries.list_recent, subject="user:u5", limit=20),
        "messages of Clerk": partial(inbound.list_recent, dead_only=False),
        "search of anyone": partial(search.search, actor=None, query=SearchQuery(q="node 77777")),
    }


async def slow_analyses(url: str) -> dict[str, str]:
    """Return the reads that read too much, and what they read."""
    db = Pool(url, size=2)
    try:
        found = {}
        for name, read in reads().items():
            explaining = Explaining(db)
            await read(explaining)
            if explaining.blocks > MOST_BLOCKS or explaining.scanned:
                found[name] = f"{explaining.blocks} blocks, {sorted(explaining.scanned)}"
        return found
    finally:
        await db.close()
