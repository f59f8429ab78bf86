"""Restore into a second schema, and swap the schemas in one transaction at the end.

Until then the current data is unchanged.
"""

from __future__ import annotations

import asyncpg

from akako.backup import database
from akako.backup.database import quoted
from akako.kernel.db import locks
from akako.kernel.db.jobs import QUEUE
from akako.migrations.steps import EXTENSIONS, revisions, search_path
from akako.storage.queries import CLEAN_UP, CLEANUP_DELAY_SECONDS, NEEDED, WAITING

STAGING = "akako_restore"
LOCK_SECONDS = 10

# The name of connections of a server process; see backends/database/pool.py.
SERVERS = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name ~ '^akako [0-9a-f]{16}$'
"""

# What a schema holds, as (order in which to drop it, kind, name, how it is written with the
# schema), extensions and what belongs to them or to tables left out.
HELD = """
with held as (
    select 1 as rank, case relkind when 'v' then 'view' when 'm' then 'materialized view'
        when 'S' then 'sequence' else 'table' end as kind, relname as name,
        format('%I.%I', n.nspname, relname) as written, 'pg_class'::regclass as class, c.oid as id
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname = $1
    union all
    select 2, 'routine', proname,
        format('%I.%I(%s)', n.nspname, proname, pg_get_function_identity_arguments(p.oid)),
        'pg_proc'::regclass, p.oid
    from pg_proc p join pg_namespace n on n.oid = pronamespace where n.nspname = $1
    union all
    select 3, 'type', typname, format('%I.%I', n.nspname, typname), 'pg_type'::regclass, t.oid
    from pg_type t join pg_namespace n on n.oid = typnamespace
    where n.nspname = $1 and (typtype in ('e', 'd', 'r')
        or exists (select from pg_class where oid = typrelid and relkind = 'c'))
)
select kind, name, written from held
where not exists (
    select from pg_depend d
    where d.classid = class and d.objid = id and d.deptype in ('e', 'a', 'i')
      and (d.deptype = 'e' or kind = 'sequence')
)
order by rank, name
"""

# A view or table that refers to one of the given tables and is none of them.
USERS = """
with given as (select array_agg(name::regclass::oid) as ids from unnest($1::text[]) as name)
select v.oid::regclass::text from given, pg_depend d
join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
join pg_class v on v.oid = r.ev_class
where d.refclassid = 'pg_class'::regclass and d.refobjid = any (ids) and v.oid <> all (ids)
union all
select conrelid::regclass::text from given, pg_constraint
where confrelid = any (ids) and conrelid <> all (ids)
limit 1
"""


class RestoreRefused(Exception):
    """The restore is not allowed here; the message is one line for the operator."""


async def check_target(connection: asyncpg.Connection, *, replace: bool) -> None:
    """Raise RestoreRefused if the target is in use."""
    if not await connection.fetchval("select pg_try_advisory_lock($1)", locks.RESTORE):
        raise RestoreRefused("another restore into this database is running")
    if await connection.fetchval(SERVERS):
        raise RestoreRefused("a server or worker uses this database: stop it first")
    revision = await database.schema_of(connection)
    if revision is None:
        return
    if not replace:
        await _check_empty(connection)
    if revision != revisions()[-1]:
        raise RestoreRefused(
            f"the database to restore into is at revision {revision}: run akako migrate first"
        )


async def _check_empty(connection: asyncpg.Connection) -> None:
    for table in await database.tables(connection):
        if await connection.fetchval(f"select exists (select from {quoted(table.name)})"):
            raise RestoreRefused(
                f"there is a school here already ({table.name} has rows): "
                "restore into another place, or throw this one away with --replace"
            )


async def prepare(connection: asyncpg.Connection) -> None:
    """Create the empty second schema, and make it the current one of this connection."""
    await discard(connection)
    # Their parts belong to the superuser even if we made them, and could not be moved afterwards.
    for extension in EXTENSIONS:
        await connection.execute(f"create extension if not exists {extension}")
    await connection.execute(f"create schema {STAGING}")
    await connection.execute(search_path(STAGING).decode())


async def discard(connection: asyncpg.Connection) -> None:
    await connection.execute(f"drop schema if exists {STAGING} cascade")


async def move_in(connection: asyncpg.Connection, home: str) -> None:
    """Replace the contents of `home` with those of the second schema, in one transaction."""
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        await connection.execute("select pg_advisory_xact_lock($1)", locks.MIGRATION)
        await _queue_old_files(connection, home)
        ours = await connection.fetch(HELD, STAGING)
        names = {(each["kind"], each["name"]) for each in ours}
        olds = [
            each
            for each in await connection.fetch(HELD, home)
            if (each["kind"], each["name"]) in names
        ]
        await _check_unused(connection, [old["written"] for old in olds if old["kind"] == "table"])
        for old in olds:
            await connection.execute(f"drop {old['kind']} if exists {old['written']} cascade")
        for new in ours:
            await connection.execute(
                f"alter {new['kind']} {new['written']} set schema {quoted(home)}"
            )
        await connection.execute(f"drop schema {STAGING}")


async def _check_unused(connection: asyncpg.Connection, written: list[str]) -> None:
    """Raise RestoreRefused if objects of another application would be dropped."""
    user = await connection.fetchval(USERS, written)
    if user:
        raise RestoreRefused(f"{user} depends on the tables of the school: remove it first")


async def _queue_old_files(connection: asyncpg.Connection, home: str) -> None:
    """Queue objects of the replaced data for removal."""
    if not await connection.fetchval(f"select to_regclass('{quoted(home)}.cleanup_queue')"):
        return
    known = f"""
    select key from ({NEEDED}) needed union select storage_key from pending_objects
    union select storage_key from cleanup_queue union {WAITING}
    """
    await connection.execute(f"set local search_path = {quoted(home)}")
    await connection.execute(f"create temp table old_keys on commit drop as {known}")
    await connection.execute(f"set local search_path = {STAGING}, pg_temp")
    await connection.execute(
        f"""
        insert into procrastinate_jobs (queue_name, task_name, lock, args, scheduled_at)
        select '{QUEUE}', '{CLEAN_UP}', key, jsonb_build_object('key', key),
            now() + make_interval(secs => {CLEANUP_DELAY_SECONDS})
        from old_keys where key not in (select key from ({NEEDED}) needed)
        """
    )
    await connection.execute(f"set local search_path = {STAGING}, {quoted(home)}")
