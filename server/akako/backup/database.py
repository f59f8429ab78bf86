"""The database part of a backup: which tables and rows, in which order."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter

import asyncpg

from akako.backup.archive import ArchiveError, Table
from akako.kernel.db import locks
from akako.kernel.db.database import AWAY
from akako.storage.queries import CLEAN_UP

CONNECT_SECONDS = 10
REFUSALS = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.LockNotAvailableError,
    asyncpg.DuplicateObjectError,
)

# Alembic's table, state of running servers and their store, keys, sessions (a restore must not
# revive those that have ended since), and records of the job library.
LEFT_OUT = {
    "alembic_version",
    "pending_objects",
    "cleanup_queue",
    "resumable_uploads",
    "media_link_key",
    "web_keys",
    "web_sessions",
    "web_sign_ins",
    "procrastinate_workers",
    "procrastinate_events",
    "procrastinate_periodic_defers",
}

# What to copy instead of the whole table. A running job becomes one that waits, without its lock.
INSTEAD: dict[str, tuple[dict[str, str], str]] = {
    "procrastinate_jobs": (
        {
            "status": "'todo'",
            "worker_id": "null",
            "abort_requested": "false",
            "queueing_lock": "case status when 'todo' then queueing_lock end",
        },
        f"status in ('todo', 'doing') and task_name <> '{CLEAN_UP}'",
    )
}

# Rows are written and read with the same settings, independently of the server's defaults.
SESSION = """
set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';
set bytea_output = 'hex'; set extra_float_digits = 1; set client_encoding = 'UTF8';
set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = 0;
"""

TABLES = """
select c.relname as name, array(
    select a.attname::text from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    order by a.attnum
) as columns, array(
    select p.relname::text from pg_constraint r join pg_class p on p.oid = r.confrelid
    where r.conrelid = c.oid and r.contype = 'f' and r.confrelid <> r.conrelid
) as parents
from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
  and not c.relispartition and not exists (
    select from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
order by c.relname
"""
REVISION = "select version_num from alembic_version"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a separate connection without time limits. Raises ArchiveError when it breaks."""
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, server_settings={"application_name": "akako backup"}
        )
    except AWAY as error:
        raise ArchiveError(f"the database cannot be reached: {_reason(error)}") from error
    try:
        await connection.execute(SESSION)
        yield connection
    except REFUSALS as error:
        raise ArchiveError(f"the database refuses: {_reason(error)}") from error
    except (*AWAY, asyncpg.InterfaceError) as error:
        raise ArchiveError(f"the connection to the database broke: {_reason(error)}") from error
    finally:
        connection.terminate()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


async def hold_removals(connection: asyncpg.Connection) -> None:
    """Prevent the removal of stored objects while this connection is open."""
    await connection.execute("select pg_advisory_lock_shared($1)", locks.BACKUP)


async def schema_of(connection: asyncpg.Connection) -> str | None:
    """Return the revision of the schema, or None."""
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval(REVISION)
    return revision


async def tables(connection: asyncpg.Connection) -> list[Table]:
    """Return the copied tables, each after the tables that it refers to."""
    rows = {row["name"]: row for row in await connection.fetch(TABLES)}
    order = TopologicalSorter({name: row["parents"] for name, row in rows.items()}).static_order()
    return [
        Table(name, list(rows[name]["columns"]))
        for name in order
        if name in rows and name not in LEFT_OUT
    ]


async def sequences(
    connection: asyncpg.Connection, copied: list[Table]
) -> dict[str, dict[str, int]]:
    """Return the last value of each sequence."""
    found: dict[str, dict[str, int]] = {}
    for table in copied:
        for column in table.columns:
            sequence = await sequence_of(connection, table.name, column)
            if sequence:
                last = f"select last_value from {sequence} where is_called"
                found.setdefault(table.name, {})[column] = await connection.fetchval(last) or 0
    return found


async def sequence_of(connection: asyncpg.Connection, table: str, column: str) -> str | None:
    name: str | None = await connection.fetchval(
        "select pg_get_serial_sequence(quote_ident($1), $2)", table, column
    )
    return name


async def copy_rows(
    connection: asyncpg.Connection, table: Table, output: Callable[[bytes], Awaitable[None]]
) -> int:
    """Send the rows of a table as COPY text; return their number."""
    values, where = INSTEAD.get(table.name, ({}, "true"))
    wanted = ", ".join(values.get(name, quoted(name)) for name in table.columns)
    query = f"select {wanted} from {quoted(table.name)} where {where}"
    return counted(await connection.copy_from_query(query, output=output))


def counted(status: str) -> int:
    """Return the number in a command status such as `COPY 12`."""
    return int(re.sub(r"\D", "", status) or 0)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
