"""Bounds on waiting for PostgreSQL's locks: how long, and on how many connections of a pool."""

from __future__ import annotations

from functools import lru_cache

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
