"""Jobs remove objects that transactions have given up: once, late enough, and at last."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import psycopg
import pytest

from akako.backends.database import job_queue
from akako.backends.database.pool import Pool
from akako.backends.objects.folder_store import FolderStore
from akako.kernel.db import jobs, locks
from akako.kernel.db.jobs import Job
from akako.storage import queries, sweeper
from akako.storage.sweeper import Swept
from tests.storage.objects import LATER, Stubborn, keys, put


async def work_until_done(database: str, db: Pool, store: FolderStore) -> None:
    """Let a worker do every job that is due."""
    await db.execute(LATER)
    clean_up = partial(sweeper.clean_up, db, store)
    await job_queue.work(database, [Job(queries.CLEAN_UP, clean_up, retries=None)], wait=False)


async def test_a_worker_removes_objects_and_repeats_failures(
    db: Pool, tmp_path: Path, database: str
) -> None:
    store = Stubborn(tmp_path / "files")
    store.key, other = await put(store), await put(store)
    for key in (store.key, other):
        await queries.queue_cleanup(db, key)
    for attempts in (1, 2):
        await work_until_done(database, db, store)
        row = await db.fetchrow("select status::text, attempts, lock from procrastinate_jobs")
        assert row is not None
        assert tuple(row) == ("todo", attempts, store.key)
    assert await keys(store) == {store.key}
    store.key = ""
    await work_until_done(database, db, store)
    assert await keys(store) == set()
    assert await db.fetchval("select count(*) from procrastinate_jobs") == 0


async def test_an_object_stays_while_a_backup_runs(
    db: Pool, store: FolderStore, database: str
) -> None:
    key = await put(store)
    await queries.queue_cleanup(db, key)
    with psycopg.connect(database, autocommit=True) as backup:
        backup.execute("select pg_advisory_lock(%s)", [locks.BACKUP])
        await work_until_done(database, db, store)
        assert await sweeper.sweep(db, store, grace=0) == Swept()
        assert await keys(store) == {key}
    await work_until_done(database, db, store)
    assert await keys(store) == set()


async def test_nothing_is_removed_unless_its_transaction_commits(
    db: Pool, store: FolderStore
) -> None:
    key = await put(store)

    async def fail() -> None:
        async with db.transaction() as tx:
            await queries.queue_cleanup(tx, key)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await sweeper.sweep(db, store) == Swept()
    assert await keys(store) == {key}


async def test_jobs_of_the_release_before_and_their_queue_are_done(
    db: Pool, store: FolderStore, database: str
) -> None:
    moved, failed, lost = [await put(store) for _ in range(3)]
    await db.execute("insert into cleanup_queue (storage_key) values ($1)", moved)
    await jobs.defer(db, queries.CLEAN_UP)  # the periodic job of that release
    await work_until_done(database, db, store)
    assert await db.fetchval("select count(*) from procrastinate_jobs") == 0
    for key, status in ((failed, "failed"), (lost, "doing")):
        await queries.queue_cleanup(db, key)
        await db.execute(
            "update procrastinate_jobs set status = $2::text::procrastinate_job_status "
            "where args->>'key' = $1",
            key,
            status,
        )
    assert await sweeper.sweep(db, store) == Swept(cleaned=2)
    assert await keys(store) == {moved}
    assert await db.fetchval("select count(*) from cleanup_queue") == 0
    await work_until_done(database, db, store)
    assert await keys(store) == set()
