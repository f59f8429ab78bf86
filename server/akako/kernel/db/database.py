"""PostgreSQL on the request path: autocommit reads, one transaction per write.

Every query function takes a `Database`. It is either the pool (each statement takes a connection)
or one connection inside an open transaction; query functions work with both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import asyncpg
import structlog

from akako.kernel.core.errors import ServiceUnavailable

log = structlog.get_logger(__name__)

ATTEMPTS = 3

T = TypeVar("T")

# Temporary errors: the caller may retry.
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
    asyncpg.LockNotAvailableError,  # waited for longer than lock_timeout
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TargetServerAttributeNotMatched,
    OSError,
    TimeoutError,
)

# The database rolled the transaction back; running it again may succeed.
RETRYABLE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Database(Protocol):
    """Run SQL. Values are always `$n` parameters."""

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]: ...

    async def fetchrow(self, sql: str, *values: object) -> asyncpg.Record | None: ...

    async def fetchval(self, sql: str, *values: object) -> Any: ...

    async def execute(self, sql: str, *values: object) -> str: ...

    def transaction(self) -> Any:
        """Open a transaction: `async with db.transaction() as tx`. Nested ones are savepoints."""


def unavailable(error: BaseException, retry_after: int = 1) -> ServiceUnavailable:
    """Return the error for the caller, and log the type of the original one."""
    log.warning("database_unavailable", error=type(error).__name__)
    return ServiceUnavailable(retry_after=retry_after)


async def retried(db: Database, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` in a transaction; retry it after conflicts with concurrent transactions.

    Raises:
        ServiceUnavailable: if all of the three attempts conflict.
    """
    for _ in range(ATTEMPTS):
        try:
            async with db.transaction() as tx:
                return await work(tx)
        except (asyncpg.UniqueViolationError, *RETRYABLE) as error:
            log.info("transaction_retried", error=type(error).__name__)
    raise ServiceUnavailable
