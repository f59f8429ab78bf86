"""Removing what nobody needs any more, and never what somebody is still writing."""

from __future__ import annotations

import msgspec
import structlog

from akako.kernel import metrics
from akako.kernel.database import Database
from akako.kernel.errors import ServiceUnavailable
from akako.kernel.ports import ObjectStore

log = structlog.get_logger(__name__)

STALE_SECONDS = 3600  # an upload that showed no life for so long is dead
ORPHAN_SECONDS = 24 * 3600  # an object without a row may be younger than its row
BATCH = 100
MAX_BACKOFF_SECONDS = 6 * 3600

# Rows are claimed one by one and kept locked while their object is removed, so that two sweepers
# share the work.
NEXT_DUE = """
select storage_key, attempts from cleanup_queue where next_attempt_at <= now()
order by next_attempt_at limit 1 for update skip locked
"""
NEXT_STALE = """
select storage_key from pending_objects where alive_at < now() - make_interval(secs => $1)
order by alive_at limit 1 for update skip locked
"""
KNOWN = """
select key from unnest($1::text[]) as key where exists (
    select from documents where storage_key = key and status <> 'DELETED'
) or exists (select from topics where video_key = key)
  or exists (select from pending_objects where storage_key = key)
  or exists (select from cleanup_queue where storage_key = key)
  or exists (select from resumable_uploads where storage_key = key)
"""


class Swept(msgspec.Struct):
    """What a sweep removed."""

    cleaned: int = 0
    stale: int = 0
    orphans: int = 0
    failed: int = 0


async def sweep(
    db: Database,
    store: ObjectStore,
    *,
    stale_seconds: float = STALE_SECONDS,
    orphan_seconds: float = ORPHAN_SECONDS,
) -> Swept:
    """Work off the cleanup queue, dead uploads and objects without a row."""
    swept = Swept()
    await clean_up(db, store, swept)
    await _remove_stale(db, store, swept, stale_seconds)
    await _remove_orphans(db, store, swept, orphan_seconds)
    if swept.orphans or swept.stale:
        log.warning("swept", stale=swept.stale, orphans=swept.orphans)
        metrics.alert("orphaned_object")
    return swept


async def clean_up(db: Database, store: ObjectStore, swept: Swept) -> None:
    """Remove the objects that transactions have given up; what fails is tried again later."""
    for _ in range(BATCH):
        async with db.transaction() as tx:
            row = await tx.fetchrow(NEXT_DUE)
            if row is None:
                return
            try:
                await store.delete(row["storage_key"])
            except ServiceUnavailable:
                swept.failed += 1
                await tx.execute(
                    """
                    update cleanup_queue set attempts = attempts + 1,
                        next_attempt_at = now() + make_interval(secs => $2)
                    where storage_key = $1
                    """,
                    row["storage_key"],
                    float(min(MAX_BACKOFF_SECONDS, 30 * 2 ** min(row["attempts"], 16))),
                )
                continue
            await tx.execute("delete from cleanup_queue where storage_key = $1", row["storage_key"])
            swept.cleaned += 1


async def _remove_stale(
    db: Database, store: ObjectStore, swept: Swept, stale_seconds: float
) -> None:
    for _ in range(BATCH):
        async with db.transaction() as tx:
            key = await tx.fetchval(NEXT_STALE, stale_seconds)
            if key is None:
                return
            await store.delete(key)
            # Its upload, should it still live, now fails to adopt the object and reports that.
            await tx.execute("delete from pending_objects where storage_key = $1", key)
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
