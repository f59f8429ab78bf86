"""SQL about objects on their way into the store and out of it."""

from __future__ import annotations

from akako.kernel.db import jobs, locks
from akako.kernel.db.database import Database

# A stream that has just found an object needs time to open it. So does a person who restores a
# deleted document, within the 30 seconds in which pages offer that.
CLEANUP_DELAY_SECONDS = 60
# The job that removes an object. The release before gives this name to a periodic job, so neither
# release fails at once on a job of the other.
CLEAN_UP = "library.clean_up"
# Objects whose removal is deferred. Failed jobs count: the sweeper repeats them.
WAITING = f"""
select args->>'key' as key from procrastinate_jobs
where task_name = '{CLEAN_UP}' and args ? 'key' and status in ('todo', 'doing', 'failed')
"""
MOVE = """
with moved as (
    delete from cleanup_queue where storage_key in (
        select storage_key from cleanup_queue limit $1 for update skip locked
    ) returning storage_key as key
)
select coalesce(cardinality(procrastinate_defer_jobs_v1(array_agg(
    row($2, $3, 0, key, null, jsonb_build_object('key', key), now() + make_interval(secs => $4))
        ::procrastinate_job_to_defer_v1
))), 0) from moved
"""
# An upload is alive while its process is connected and updates its row every minute.
LIVING = """
(alive_at > now() - interval '5 minutes'
 and exists (select from pg_stat_activity where application_name = process))
"""

# True while no backup runs. Evaluate it in the statement that finds what to remove: the snapshot of
# that statement is older than the result, so every object that it finds was given up before any
# later backup began.
NO_BACKUP = f"""
not exists (
    select from pg_locks
    where locktype = 'advisory' and objsubid = 1 and granted
      and database = (select oid from pg_database where datname = current_database())
      and (classid::bigint << 32 | objid::bigint) = {locks.BACKUP}
)
"""
# Every object that a row refers to, with its size in bytes and its hash.
NEEDED = """
select storage_key as key, size, sha256 from documents where status <> 'DELETED'
union all
select video_key, video_size, video_sha256 from topics where video_key is not null
"""


async def announce_object(db: Database, key: str, quota_subject: str) -> None:
    """Record that an object will be written."""
    await db.execute(
        "insert into pending_objects (storage_key, quota_subject) values ($1, $2)",
        key,
        quota_subject,
    )


async def show_life(db: Database, key: str) -> None:
    """Record that the object is still being written."""
    await db.execute("update pending_objects set alive_at = now() where storage_key = $1", key)


async def abandon_object(db: Database, key: str) -> None:
    """Record that the object is no longer being written."""
    await db.execute("update pending_objects set process = null where storage_key = $1", key)


async def forget_object(db: Database, key: str) -> bool:
    """Delete the pending row of an object; return whether there was one."""
    found = await db.fetchval(
        "delete from pending_objects where storage_key = $1 returning true", key
    )
    return bool(found)


async def count_pending(db: Database, quota_subject: str, *, apart_from: str | None = None) -> int:
    """Return the number of unfinished uploads of a quota subject: objects and resumable uploads.

    `apart_from` is the id of a resumable upload that does not count.
    """
    sql = f"""
    select (select count(*) from pending_objects where quota_subject = $1 and {LIVING})
         + (select count(*) from resumable_uploads
            where coalesce(quota_subject, 'user:' || user_id) = $1 and result_id is null
              and expires_at > now() and id is distinct from $2)
    """
    return int(await db.fetchval(sql, quota_subject, apart_from))


async def queue_cleanup(tx: Database, key: str) -> None:
    """Defer the removal of an object until after the transaction has committed."""
    await jobs.defer(tx, CLEAN_UP, after_seconds=CLEANUP_DELAY_SECONDS, lock=key, key=key)


async def withdraw_cleanup(tx: Database, key: str) -> bool:
    """Cancel the removal of an object; return False if it has begun or there is none.

    A removal that was tried once may have removed the object although it failed.
    """
    sql = f"""
    delete from procrastinate_jobs where id in (
        select id from procrastinate_jobs where task_name = '{CLEAN_UP}' and args->>'key' = $1
        and status = 'todo' and attempts = 0 for update skip locked
    ) returning true
    """
    return bool(await tx.fetchval(sql, key))


async def backup_runs(db: Database) -> bool:
    """Return whether a backup runs, which may need objects that were given up after its start."""
    return not await db.fetchval(f"select {NO_BACKUP}")


async def move_waiting_cleanups(db: Database, limit: int) -> int:
    """Convert rows of the queue of the previous release to jobs; return how many."""
    return int(await db.fetchval(MOVE, limit, jobs.QUEUE, CLEAN_UP, float(CLEANUP_DELAY_SECONDS)))
