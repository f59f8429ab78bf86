"""PostgreSQL connections, shared by the requests of a process.

A layer over asyncpg's pool that reuses released connections and hands them to waiting requests
directly. Acquiring from and releasing to asyncpg's pool costs 31 µs per statement more, 18 % of W2
(decision 0016).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import msgspec

from akako.backends.database.broken import DRIVER_ERRORS, is_broken, settle, translated
from akako.backends.database.hosts import Connector, one_each
from akako.backends.database.lock_waits import SESSION, WAITING_OF_TEN, may_wait
from akako.kernel.db.database import AWAY, unavailable
from akako.kernel.db.turns import Turns

CONNECT_SECONDS = 1.0
ACQUIRE_SECONDS = 1.5
IDLE_SECONDS = 60.0
STATEMENT_SECONDS = 5.0


async def _no_reset(connection: asyncpg.Connection) -> None:
    """Skip the reset query of asyncpg: no code here leaves session state behind."""


async def _prepare(connection: asyncpg.Connection, *, statement_seconds: float) -> None:
    # The driver gives up first, and asks PostgreSQL to cancel the statement.
    await connection.execute(SESSION.format(seconds=2 * statement_seconds))
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )


class Transaction:
    """A `Database` on one connection with an open transaction."""

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


class Observer(msgspec.Struct, frozen=True):
    """Callbacks for the metrics of a pool. `waited` receives seconds."""

    waited: Callable[[float], object] = lambda seconds: None
    refused: Callable[[], object] = lambda: None


class Pool:
    """A `Database` over connections that open on demand, also when PostgreSQL starts later.

    Args:
        url: a `postgresql://` URL, possibly with several hosts.
        size: the maximum number of connections.
        observer: receives the waits and refusals of the pool.
        statement_seconds: the maximum duration of a statement.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 10,
        observer: Observer | None = None,
        statement_seconds: float = STATEMENT_SECONDS,
    ) -> None:
        self._url = url
        self._size = size
        self._observer = observer or Observer()
        self._statement_seconds = statement_seconds
        # For statements that may wait for locks.
        waiting = max(1, size * WAITING_OF_TEN // 10)
        self._turns = Turns(waiting, ACQUIRE_SECONDS, refused=self._observer.refused)
        # While a connection with this name is open, other processes know that this one is alive.
        self._name = f"akako {secrets.token_hex(8)}"
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._idle: deque[tuple[float, asyncpg.Connection]] = deque()  # with the time of release
        self._taken = 0  # connections taken from asyncpg's pool, idle ones included
        # A waiting request gets a connection, or None when it may ask asyncpg's pool again.
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
                    command_timeout=self._statement_seconds,
                    max_inactive_connection_lifetime=300,
                    init=partial(_prepare, statement_seconds=self._statement_seconds),
                    reset=_no_reset,
                    server_settings={"application_name": self._name, "timezone": "UTC"},
                )
            return self._pool

    async def _acquire(self) -> asyncpg.Connection:
        """Return a connection. Raise ServiceUnavailable when there is none within 1.5 s."""
        while True:
            while self._idle:
                _, held = self._idle.pop()
                if not is_broken(held):
                    return held
                await self._give_back(held)
            if self._taken < self._size:
                return await self._take()
            if held := await self._wait():
                return held

    async def _take(self) -> asyncpg.Connection:
        """Take a connection from asyncpg's pool, which opens one if necessary."""
        self._taken += 1
        try:
            pool = self._pool or await self._open()
            return await pool.acquire(timeout=ACQUIRE_SECONDS)
        except BaseException as error:
            self._taken -= 1
            self._call_next(None)
            if not isinstance(error, AWAY):
                raise
            self._observer.refused()
            raise unavailable(error) from error

    async def _wait(self) -> asyncpg.Connection | None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[asyncpg.Connection | None] = loop.create_future()
        self._waiting.append(waiter)
        started = time.perf_counter()
        # asyncio.timeout would double the cost of waiting.
        end = loop.call_later(ACQUIRE_SECONDS, _give_up, waiter)
        try:
            return await waiter
        except BaseException as error:
            # A connection may have been handed over at the moment of the cancellation.
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                held = waiter.result()
                await self._release(held) if held else self._call_next(None)
            if not isinstance(error, TimeoutError):
                raise
            self._observer.refused()
            raise unavailable(error) from error
        finally:
            end.cancel()
            self._observer.waited(time.perf_counter() - started)

    def _call_next(self, held: asyncpg.Connection | None) -> bool:
        """Hand `held` to the first waiting request; return whether one was waiting."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(held)
                return True
        return False

    async def _release(self, held: asyncpg.Connection) -> None:
        """Hand a connection on after a successful statement, or store it for the next one."""
        if self._call_next(held):
            return
        now = time.monotonic()
        self._idle.append((now, held))
        if now - self._idle[0][0] > IDLE_SECONDS:
            await self._give_back(self._idle.popleft()[1])

    async def _give_back(self, held: asyncpg.Connection) -> None:
        """Return a connection to asyncpg's pool, which closes it if it is broken."""
        assert self._pool is not None
        try:
            await self._pool.release(held)
        finally:
            self._taken -= 1
            self._call_next(None)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Borrow a connection. Raise ServiceUnavailable when it breaks."""
        held = await self._acquire()
        try:
            yield held
        except BaseException as error:
            await self._fail(held, error)
            raise
        await self._release(held)

    async def _read(self, method: str, sql: str, values: tuple[object, ...]) -> Any:
        if may_wait(sql):
            async with self._turns:
                return await self._run(method, sql, values)
        return await self._run(method, sql, values)

    async def _run(self, method: str, sql: str, values: tuple[object, ...]) -> Any:
        # Same steps as `connection`, without the cost of a generator on each read.
        held = await self._acquire()
        try:
            result = await getattr(held, method)(sql, *values)
        except BaseException as error:
            await self._fail(held, error)
            raise
        await self._release(held)
        return result

    async def _fail(self, held: asyncpg.Connection, error: BaseException) -> None:
        """Return a connection after an error, and raise the error's meaning for the caller."""
        try:
            if isinstance(error, (*AWAY, *DRIVER_ERRORS)):
                await settle(error, held)
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
        async with self._turns, self.connection() as held, held.transaction():
            yield Transaction(held)

    def connections(self) -> tuple[int, int, int]:
        """Return the numbers of connections in use, idle, and at most."""
        if self._pool is None:
            return 0, 0, self._size
        idle = self._pool.get_idle_size() + len(self._idle)
        return self._pool.get_size() - idle, idle, self._size

    async def close(self) -> None:
        if self._pool is not None:
            while self._idle:
                await self._give_back(self._idle.pop()[1])
            try:
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()


def _give_up(waiter: asyncio.Future[asyncpg.Connection | None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
