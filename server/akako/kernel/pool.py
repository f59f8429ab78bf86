"""Connections to PostgreSQL, shared by the requests of a process.

A connection that a statement is done with stays at hand for the next one, or goes straight to
whoever waits for it: asking the driver's pool each time would cost more than a small statement.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from akako.kernel import metrics
from akako.kernel.database import AWAY, unavailable
from akako.kernel.hosts import Connector, one_each

CONNECT_SECONDS = 1.0
ACQUIRE_SECONDS = 1.5
IDLE_SECONDS = 60.0
STATEMENT_SECONDS = 5.0
SETTLE_SECONDS = 1.0

# A misuse of the driver, or a connection that came out of step with the database.
ODD = (asyncpg.InterfaceError, asyncpg.InternalClientError)
# The session is over, though the driver may take a moment to see it: nobody is given it again.
ENDED = (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)


async def _no_reset(connection: asyncpg.Connection) -> None:
    """Releasing costs no round trip, because no code here leaves session state behind."""


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )


class Transaction:
    """A `Database` bound to one connection with an open transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.fetch = connection.fetch
        self.fetchrow = connection.fetchrow
        self.fetchval = connection.fetchval
        self.execute = connection.execute

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._connection.transaction():
            yield self


class Pool:
    """A `Database` over connections that open by themselves, also if PostgreSQL comes up later."""

    def __init__(self, url: str, *, size: int = 10) -> None:
        self._url = url
        self._size = size
        # Tells others, while a connection is open, that the process behind a row is alive.
        self._name = f"akako {secrets.token_hex(8)}"
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._at_hand: deque[tuple[float, asyncpg.Connection]] = deque()  # and since when
        self._taken = 0  # from the driver's pool, those at hand included
        # Those who wait are given a connection, or None when they may ask the driver's pool again.
        self._waiting: deque[asyncio.Future[asyncpg.Connection | None]] = deque()

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                urls = one_each(self._url)
                self._pool = await asyncpg.create_pool(
                    self._url,
                    connect=Connector(urls),
                    min_size=1,
                    max_size=self._size,
                    timeout=min(CONNECT_SECONDS, 0.9 * ACQUIRE_SECONDS / len(urls)),
                    command_timeout=STATEMENT_SECONDS,
                    max_inactive_connection_lifetime=300,
                    init=_prepare,
                    reset=_no_reset,
                    server_settings={"application_name": self._name, "timezone": "UTC"},
                )
            return self._pool

    async def _acquire(self) -> asyncpg.Connection:
        """A connection. Raise ServiceUnavailable when none can be had in time."""
        while True:
            while self._at_hand:
                _, held = self._at_hand.pop()
                if not _is_broken(held):
                    return held
                await self._give_back(held)
            if self._taken < self._size:
                return await self._take()
            if held := await self._wait():
                return held

    async def _take(self) -> asyncpg.Connection:
        """One of the driver's pool, which opens it if need be."""
        self._taken += 1
        try:
            pool = self._pool or await self._open()
            return await pool.acquire(timeout=ACQUIRE_SECONDS)
        except BaseException as error:
            self._taken -= 1
            self._call_next(None)
            if not isinstance(error, AWAY):
                raise
            metrics.POOL_REFUSALS.inc()
            raise unavailable(error) from error

    async def _wait(self) -> asyncpg.Connection | None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[asyncpg.Connection | None] = loop.create_future()
        self._waiting.append(turn)
        started = time.perf_counter()
        # asyncio.timeout would cost as much as all the rest of the waiting.
        end = loop.call_later(ACQUIRE_SECONDS, _give_up, turn)
        try:
            return await turn
        except BaseException as error:
            # It may have been given in the very moment in which the waiting ended.
            if turn.done() and not turn.cancelled() and not turn.exception():
                if held := turn.result():
                    await self._release(held)
                else:
                    self._call_next(None)
            if not isinstance(error, TimeoutError):
                raise
            metrics.POOL_REFUSALS.inc()
            raise unavailable(error) from error
        finally:
            end.cancel()
            waited = time.perf_counter() - started
            if waited >= metrics.NOTICEABLE_SECONDS:
                metrics.note_wait(waited)

    def _call_next(self, held: asyncpg.Connection | None) -> bool:
        """Whether somebody waited for this."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(held)
                return True
        return False

    async def _release(self, held: asyncpg.Connection) -> None:
        """Hand a connection on after a statement that went well, or keep it at hand."""
        if self._call_next(held):
            return
        now = time.monotonic()
        self._at_hand.append((now, held))
        if now - self._at_hand[0][0] > IDLE_SECONDS:
            await self._give_back(self._at_hand.popleft()[1])

    async def _give_back(self, held: asyncpg.Connection) -> None:
        """Let the driver's pool decide whether a connection is still good."""
        assert self._pool is not None
        try:
            await self._pool.release(held)
        finally:
            self._taken -= 1
            self._call_next(None)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for a while. Raise ServiceUnavailable when it breaks."""
        held = await self._acquire()
        try:
            yield held
        except BaseException as error:
            await self._fail(held, error)
            raise
        await self._release(held)

    async def _read(self, method: str, sql: str, values: tuple[object, ...]) -> Any:
        # What `connection` does, without the generators: this is every read of every request.
        held = await self._acquire()
        try:
            result = await getattr(held, method)(sql, *values)
        except BaseException as error:
            await self._fail(held, error)
            raise
        await self._release(held)
        return result

    async def _fail(self, held: asyncpg.Connection, error: BaseException) -> None:
        """The driver's pool finds out what is left of the connection, and ends it or keeps it."""
        try:
            if isinstance(error, (*AWAY, *ODD)):
                await _settle(error, held)
                raise translated(error, held) from error
        finally:
            await self._give_back(held)

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._read("fetch", sql, values)
        return rows

    async def fetchrow(self, sql: str, *values: object) -> asyncpg.Record | None:
        return await self._read("fetchrow", sql, values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        return await self._read("fetchval", sql, values)

    async def execute(self, sql: str, *values: object) -> str:
        return str(await self._read("execute", sql, values))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.connection() as held, held.transaction():
            yield Transaction(held)

    def connections(self) -> tuple[int, int, int]:
        """How many are in use, how many are idle, and how many there may be."""
        if self._pool is None:
            return 0, 0, self._size
        idle = self._pool.get_idle_size() + len(self._at_hand)
        return self._pool.get_size() - idle, idle, self._size

    async def close(self) -> None:
        if self._pool is not None:
            while self._at_hand:
                await self._give_back(self._at_hand.pop()[1])
            try:
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()


def _give_up(turn: asyncio.Future[asyncpg.Connection | None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())


async def _settle(error: BaseException, held: asyncpg.Connection) -> None:
    """Give a connection up on which something is still going on after a statement was given up.

    The driver asks the database to cancel it; a database that hangs does not hear of that.
    """
    if not isinstance(error, TimeoutError | asyncpg.InternalClientError):
        return
    try:
        await held.execute("select 1", timeout=SETTLE_SECONDS)
    except Exception:  # whatever it is, the connection is no good
        with contextlib.suppress(asyncpg.InterfaceError):  # the pool has let go of it already
            held.terminate()


def translated(error: Exception, held: asyncpg.Connection) -> Exception:
    """What a failure on a connection means. A misuse of the driver stays what it is: a bug."""
    if isinstance(error, ENDED):
        with contextlib.suppress(asyncpg.InterfaceError):
            held.terminate()
    broken = not isinstance(error, ODD) or _is_broken(held)
    return unavailable(error) if broken else error


def _is_broken(held: asyncpg.Connection) -> bool:
    try:
        return bool(held.is_closed())
    except asyncpg.InterfaceError:
        return True  # the pool has let go of it already, as it does when one breaks
