"""Bounds on waiting for PostgreSQL's locks: how long, and on how many connections of a pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

from akako.kernel.db.database import unavailable
from akako.kernel.telemetry import metrics

# Of ten connections, those that may wait for locks at a time. The others stay free for reads, so
# a lock that is held for long (a stalled client of the database, another session) delays only
# writes.
WAITING_OF_TEN = 7
# The database ends a wait for a lock before the driver gives the statement up after 5 seconds,
# which costs the connection nothing. A migration waits for less, so requests outlast it
# (LOCK_SECONDS in migrations/steps.py). The other two limits release the locks of a server that
# vanished. They are set by SET: PgBouncer refuses connections that name them at their start.
SESSION = """
set lock_timeout = '4s'; set statement_timeout = '{seconds:.0f}s';
set idle_in_transaction_session_timeout = '120s'
"""
# Statements that take row locks or advisory locks contain one of these words.
LOCKING = (
    "update ",
    "insert ",
    "delete ",
    "advisory",
    "for update",
    "for no key",
    "for share",
    "for key",
)


@lru_cache(maxsize=1024)
def may_wait(sql: str) -> bool:
    """Return whether the statement may have to wait for a lock that a transaction holds."""
    return any(word in sql for word in LOCKING)


class Turns:
    """Admit `count` tasks at a time; the others wait in order, for at most `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._seconds = seconds

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold a turn. Raise ServiceUnavailable if none is free in time."""
        if self._free.locked():
            try:
                async with asyncio.timeout(self._seconds):
                    await self._free.acquire()
            except TimeoutError as error:
                metrics.POOL_REFUSALS.inc()
                raise unavailable(error) from error
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
