"""PostgreSQL on the request path: autocommit reads, one transaction per write.

A `Database` is what every query function is given. It is either the pool (each read takes a
connection for one statement) or one connection inside an open transaction; query functions cannot
tell the difference.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import asyncpg
import msgspec
import structlog

from akako.kernel import metrics
from akako.kernel.errors import ServiceUnavailable
from akako.kernel.hosts import Connector, one_each

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
ACQUIRE_SECONDS = 1.5
IDLE_SECONDS = 60.0
STATEMENT_SECONDS = 5.0
SETTLE_SECONDS = 1.0
ATTEMPTS = 3

T = TypeVar("T")

# Errors that say "not now" rather than "never": the caller may try again.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.QueryCanceledError,
    asyncpg.TargetServerAttributeNotMatched,
    OSError,
    TimeoutError,
)

# A misuse of the driver, or a connection that came out of step with the database.
ODD = (asyncpg.InterfaceError, asyncpg.InternalClientError)
# The session is over, though the driver may take a moment to see it: nobody is given it again.
ENDED = (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)

# The database undid the whole transaction; running it again may well succeed.
RETRYABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Database(Protocol):
    """Runs SQL. Values are always `$n` parameters."""

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]: ...

    async def fetchrow(self, sql: str, *values: object) -> asyncpg.Record | None: ...

    async def fetchval(self, sql: str, *values: object) -> Any: ...

    async def execute(self, sql: str, *values: object) -> str: ...

    def transaction(self) -> Any:
        """`async with db.transaction() as tx`: all of it or nothing. Nested ones are savepoints."""


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
    """A `Database` over a pool that opens by itself, also when PostgreSQL comes up later.

    A connection given back stays at hand for the next statement, the latest one first: asking the
    driver's pool each time would cost more than a small statement itself.
    """

    def __init__(self, url: str, *, size: int = 10) -> None:
        self._url = url
        self._size = size
        # Tells others, while a connection is open, that the process behind a row is alive.
        self._name = f"akako {secrets.token_hex(8)}"
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._at_hand: deque[tuple[float, asyncpg.Connection]] = deque()  # and since when
        self._asking = 0  # how many wait for the driver's pool

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
        while self._at_hand:
            _, held = self._at_hand.pop()
            if not _is_broken(held):
                return held
            await self._give_back(held)
        self._asking += 1
        started = time.perf_counter()
        try:
            pool = self._pool or await self._open()
            held = await pool.acquire(timeout=ACQUIRE_SECONDS)
        except AWAY as error:
            metrics.POOL_REFUSALS.inc()
            raise unavailable(error) from error
        finally:
            self._asking -= 1
        waited = time.perf_counter() - started
        if waited >= metrics.NOTICEABLE_SECONDS:
            metrics.note_wait(waited)
        return held

    async def _release(self, held: asyncpg.Connection) -> None:
        """Keep a connection at hand after a statement that went well."""
        if self._asking:
            await self._give_back(held)
            return
        now = time.monotonic()
        self._at_hand.append((now, held))
        if now - self._at_hand[0][0] > IDLE_SECONDS:
            await self._give_back(self._at_hand.popleft()[1])

    async def _give_back(self, held: asyncpg.Connection) -> None:
        assert self._pool is not None
        await self._pool.release(held)

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


async def retried(db: Database, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do `work` in a transaction, and all of it anew where another one got in its way.

    Raise ServiceUnavailable when that happens every time.
    """
    for _ in range(ATTEMPTS):
        try:
            async with db.transaction() as tx:
                return await work(tx)
        except (asyncpg.UniqueViolationError, *RETRYABLE) as error:
            log.info("transaction_retried", error=type(error).__name__)
    raise ServiceUnavailable


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


def unavailable(error: BaseException) -> ServiceUnavailable:
    """What the caller is told; the reason goes to the log, by its kind only."""
    log.warning("database_unavailable", error=type(error).__name__)
    return ServiceUnavailable(retry_after=1)


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
