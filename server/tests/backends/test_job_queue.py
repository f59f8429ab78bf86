"""Jobs: when failures are retried, and what a deferred job holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import psycopg
import pytest
from procrastinate.jobs import Job as Deferred

from akako.backends.database import job_queue
from akako.backends.database.job_queue import MAX_RETRY_SECONDS, BackOff
from akako.backends.database.pool import Pool
from akako.kernel.db import jobs
from akako.kernel.db.jobs import Job


async def nothing() -> None:
    pass


def delay(job: Job, attempts: int) -> float | None:
    """Return the seconds until the retry after so many earlier attempts."""
    deferred = Deferred(
        id=1, queue="default", lock=None, queueing_lock=None, task_name=job.name, attempts=attempts
    )
    decision = BackOff(job).get_retry_decision(exception=ValueError(), job=deferred)
    if decision is None:
        return None
    assert decision.retry_at
    return (decision.retry_at - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 2), (1, 4), (7, 256), (8, None), (100, None)]
)
def test_a_job_is_retried_eight_times(attempts: int, seconds: float | None) -> None:
    assert delay(Job("x", nothing), attempts) == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (3, 240), (10, MAX_RETRY_SECONDS), (10**6, MAX_RETRY_SECONDS)],
)
def test_a_job_can_be_retried_without_end(attempts: int, seconds: float) -> None:
    job = Job("x", nothing, retries=None, retry_seconds=30)
    assert delay(job, attempts) == pytest.approx(seconds, abs=1)


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def db(database: str) -> AsyncIterator[Pool]:
    pool = Pool(database, size=2)
    yield pool
    await pool.close()


async def test_a_failed_job_waits_for_its_retry(db: Pool, database: str) -> None:
    seen: list[int] = []

    async def fail(*, number: int) -> None:
        seen.append(number)
        raise ValueError

    await jobs.defer(db, "x", lock="l", number=7)
    await job_queue.work(database, [Job("x", fail, retry_seconds=1000)], wait=False)
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "select status::text, attempts, lock, args, scheduled_at between now() + interval "
            "'900 seconds' and now() + interval '1000 seconds' from procrastinate_jobs"
        ).fetchone()
    assert (seen, row) == ([7], ("todo", 1, "l", {"number": 7}, True))


async def test_a_job_that_is_not_due_waits(db: Pool, database: str) -> None:
    await jobs.defer(db, "x", after_seconds=60)
    await job_queue.work(database, [Job("x", nothing)], wait=False)
    due = "select scheduled_at between now() + interval '50 s' and now() + interval '1 min'"
    assert await db.fetchval(f"{due} from procrastinate_jobs")
