"""Find broken connections after an error, and the error's meaning for the caller."""

from __future__ import annotations

import contextlib

import asyncpg

from akako.kernel.db.database import unavailable

SETTLE_SECONDS = 1.0

# A wrong use of the driver, or a connection whose protocol state is lost.
DRIVER_ERRORS = (asyncpg.InterfaceError, asyncpg.InternalClientError)
# The session has ended, although the driver may not have noticed yet. It must not be reused.
SESSION_ENDED = (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)


async def settle(error: BaseException, held: asyncpg.Connection) -> None:
    """Close a connection that is still busy after a statement timed out.

    The driver asks the server to cancel the statement; a server that hangs does not receive that.
    """
    if not isinstance(error, TimeoutError | asyncpg.InternalClientError):
        return
    try:
        await held.execute("select 1", timeout=SETTLE_SECONDS)
    except Exception:  # any failure means that the connection cannot be reused
        with contextlib.suppress(asyncpg.InterfaceError):  # the pool has already released it
            held.terminate()


def translated(error: Exception, held: asyncpg.Connection) -> Exception:
    """Return the error for the caller. A wrong use of the driver stays as it is: it is a bug."""
    if isinstance(error, SESSION_ENDED):
        with contextlib.suppress(asyncpg.InterfaceError):
            held.terminate()
    broken = not isinstance(error, DRIVER_ERRORS) or is_broken(held)
    return unavailable(error) if broken else error


def is_broken(held: asyncpg.Connection) -> bool:
    try:
        return bool(held.is_closed())
    except asyncpg.InterfaceError:
        return True  # the pool has already released it, as it does for broken connections
