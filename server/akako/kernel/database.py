"""PostgreSQL on the request path: autocommit reads, one transaction per write.

A `Database` is what every query function is given. It is either the pool (each read takes a
connection for one statement) or one connection inside an open transaction; query functions cannot
tell the difference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import asyncpg
import structlog

from akako.kernel.errors import ServiceUnavailable

log = structlog.get_logger(__name__)

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


def unavailable(error: BaseException) -> ServiceUnavailable:
    """What the caller is told; the reason goes to the log, by its kind only."""
    log.warning("database_unavailable", error=type(error).__name__)
    return ServiceUnavailable(retry_after=1)


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
