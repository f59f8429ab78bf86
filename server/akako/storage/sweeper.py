"""Remove objects that no row refers to, except objects that are being written."""

from __future__ import annotations

import msgspec
import structlog
from prometheus_client import Counter

from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ports import ObjectStore
from akako.kernel.db.database import Database
from akako.kernel.telemetry import metrics
from akako.kernel.telemetry.metrics import REGISTRY
from akako.storage import queries

log = structlog.get_logger(__name__)

STALE_SECONDS = 3600  # an upload without an update for this time is dead
ORPHAN_SECONDS = 24 * 3600  # an object may exist before its row
BATCH = 100

SWEPT = Counter(
    "akako_swept_objects",
    "Files removed that had no row (orphan) or whose upload ended without a result (stale)",
    ["kind"],
    registry=REGISTRY,
)

# Jobs and rows are claimed one by one and stay locked while their object is removed, so that
# sweepers and workers share the work. A job is left to its worker unless that worker is gone.
# With a grace, running downloads get no more time than that.
NEXT_DUE = f"""
select id, args->>'key' as key from procrastinate_jobs
where task_name = '{queries.CLEAN_UP}' and args ? 'key' and id > $2 and (
    status = 'failed'
    or (status = 'todo' and (
        scheduled_at <= now()
        or (attempts = 0
            and scheduled_at <= now() + make_interval(secs => {queries.CLEANUP_DELAY_SECONDS} - $1))
    ))
    or (status = 'doing' and not exists (
        select from procrastinate_workers
        where procrastinate_workers.id = worker_id
          and last_heartbeat > now() - interval '5 minutes'
    ))
) and {queries.NO_BACKUP}
order by id limit 1 for update skip locked
"""
NEXT_STALE = f"""
select storage_key from pending_objects
where alive_at <= now() - make_interval(secs => $1) and not {queries.LIVING}
order by alive_at limit 1 for update skip locked
"""
KNOWN = f"""
select key from unnest($1::text[]) as key where exists (
    select from documents where storage_key = key and status <> 'DELETED'
) or exists (select from topics where video_key = key)
  or exists (select from pending_objects where storage_key = key)
  or exists (select from cleanup_queue where storage_key = key)
  or key in ({queries.WAITING})
"""


class Swept(msgspec.Struct):
    """The result of a sweep."""

    cleaned: int = 0
    stale: int = 0
    orphans: int = 0
    failed: int = 0


async def sweep(db: Database, store: ObjectStore, *, grace: float | None = None) -> Swept:
    """Remove objects of failed writes, abandoned uploads and objects without a row.

    `grace`: the minimum age in seconds of removed objects. Objects that are being written stay,
    even with a small `grace`.
    """
    swept = Swept()
    while await queries.move_waiting_cleanups(db, BATCH):
        pass
    await _clean_up_due(db, store, swept, grace)
    await _remove_stale(db, store, swept, STALE_SECONDS if grace is None else grace)
    await _remove_orphans(db, store, swept, ORPHAN_SECONDS if grace is None else grace)
    if swept.orphans or swept.stale:
        log.warning("swept", stale=swept.stale, orphans=swept.orphans)
        metrics.alert("orphaned_object")
        SWEPT.labels("orphan").inc(swept.orphans)
        SWEPT.labels("stale").inc(swept.stale)
    return swept


async def clean_up(db: Database, store: ObjectStore, *, key: str | None = None) -> None:
    """Remove an object that a transaction released. Raise ServiceUnavailable to be retried.

    While a backup runs the object stays, because a row of the backup's snapshot may need it; then
    the job is deferred again. Without `key` it is a job of the previous release and does nothing.
    """
    if key is None:
        return
    if await queries.backup_runs(db):
        await queries.queue_cleanup(db, key)
    else:
        await store.delete(key)


async def _clean_up_due(
    db: Database, store: ObjectStore, swept: Swept, grace: float | None
) -> None:
    """Remove objects whose job is due, failed, or was left by a worker that ended."""
    wait, last = float(queries.CLEANUP_DELAY_SECONDS if grace is None else grace), 0
    while True:
        async with db.transaction() as tx:
            row = await tx.fetchrow(NEXT_DUE, wait, last)
            if row is None:
                return
            last = row["id"]
            try:
                await store.delete(row["key"])
            except ServiceUnavailable:
                swept.failed += 1
                continue
            await tx.execute("delete from procrastinate_jobs where id = $1", last)
            swept.cleaned += 1


async def _remove_stale(
    db: Database, store: ObjectStore, swept: Swept, stale_seconds: float
) -> None:
    while True:
        async with db.transaction() as tx:
            key = await tx.fetchval(NEXT_STALE, stale_seconds)
            if key is None:
                return
            await store.delete(key)
            # If its upload is still alive, adopting the object now fails with an error.
            await queries.forget_object(tx, key)
            swept.stale += 1


async def _remove_orphans(
    db: Database, store: ObjectStore, swept: Swept, orphan_seconds: float
) -> None:
    now = await db.fetchval("select extract(epoch from now())::float8")
    batch: list[str] = []
    async for stored in store.list():
        if stored.modified_at <= now - orphan_seconds:
            batch.append(stored.key)
        if len(batch) == BATCH:
            await _remove_unknown(db, store, swept, batch)
            batch = []
    await _remove_unknown(db, store, swept, batch)


async def _remove_unknown(db: Database, store: ObjectStore, swept: Swept, keys: list[str]) -> None:
    if not keys:
        return
    known = {row["key"] for row in await db.fetch(KNOWN, keys)}
    for key in keys:
        if key not in known:
            await store.delete(key)
            swept.orphans += 1
