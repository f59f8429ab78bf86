"""Upgrade a database to the schema of this code, and check whether the code can use it as it is.

One process migrates at a time; a second one waits and then finds nothing to do. Each revision is
one transaction, so that the next run continues after an interruption.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog

from akako.kernel.db import locks
from akako.migrations import steps
from akako.migrations.steps import SCRIPTS, MigrationError, revisions

log = structlog.get_logger(__name__)

TURN_SECONDS = 0.2
CONNECT_SECONDS = 5

# What a revision knows of the code before it; written by steps.py in the revision's transaction.
STATE = """
select version_num, obj_description('{table}'::regclass, 'pg_class') from {table}
"""


class SchemaTooNew(MigrationError):
    """The database was migrated by a newer version of this program."""


class SchemaTooOld(MigrationError):
    """The database has yet to be migrated."""


def migrate(
    url: str,
    target: str = "head",
    *,
    schema: str | None = None,
    scripts: Path = SCRIPTS,
    lock_seconds: float = steps.LOCK_SECONDS,
) -> tuple[str | None, str | None]:
    """Upgrade the database; return (revision before, revision after). Raise MigrationError.

    `schema`: another one than the role's own. No lock is waited for longer than `lock_seconds` at a
    time, because all requests to a table queue behind a waiting change.
    """
    with _connected(url, schema) as guard:
        _wait_for_turn(guard)
        before, _ = _state(guard)
        known = revisions(scripts)
        if before is not None and before not in known:
            raise _too_new(before)
        # Most starts find nothing to do, and need not load what they would do it with.
        if before != (known[-1] if target == "head" else target):
            steps.upgrade(url, target, schema=schema, scripts=scripts, lock_seconds=lock_seconds)
        return before, _state(guard)[0]


def prepare(url: str, *, upgrade: bool) -> None:
    """Make sure that this code can serve on the database; with `upgrade`, migrate it if need be.

    A newer schema will do where it says so: servers of one release go on beside those of the next.
    Raise SchemaTooNew or SchemaTooOld.
    """
    with _connected(url, None) as connection:
        revision, oldest_code = _state(connection)
    newest = revisions()[-1]
    if revision == newest:
        return
    if revision is not None and revision not in revisions():
        if oldest_code is None or oldest_code > newest:
            raise _too_new(revision)
        log.warning("schema_is_newer", schema=revision, known=newest)
    elif upgrade:
        migrate(url)
    else:
        raise SchemaTooOld(
            f"the database is at revision {revision}, but this version needs {newest}: "
            "run akako migrate, or start with --migrate"
        )


def _too_new(revision: str) -> SchemaTooNew:
    return SchemaTooNew(
        f"the database is at revision {revision}, which this version does not know: "
        "install the newer version of Akako that made it"
    )


@contextmanager
def _connected(url: str, schema: str | None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        if schema:
            connection.execute(steps.search_path(schema))
        yield connection


def _wait_for_turn(guard: psycopg.Connection) -> None:
    """Poll, because a waiting statement would block concurrent index builds."""
    warned = False
    while not _has_turn(guard):
        if not warned:
            log.warning("waiting_for_another_migration")
            warned = True
        time.sleep(TURN_SECONDS)


def _has_turn(guard: psycopg.Connection) -> bool:
    row = guard.execute("select pg_try_advisory_lock(%s)", [locks.MIGRATION]).fetchone()
    assert row
    return bool(row[0])


def _state(connection: psycopg.Connection) -> tuple[str | None, str | None]:
    """Return the revision, and the oldest code that can work with it, if known."""
    found = connection.execute(
        "select to_regclass(quote_ident(current_schema()) || '.alembic_version')::text"
    ).fetchone()
    if found is None or found[0] is None:
        return None, None
    row = connection.execute(STATE.format(table=found[0]).encode()).fetchone()
    if row is None:
        return None, None
    revision, comment = str(row[0]), row[1] or ""
    made_for, _, oldest_code = comment.partition(steps.OLDEST_CODE)
    return revision, oldest_code if oldest_code and made_for == revision else None
