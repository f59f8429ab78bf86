"""The worker of background jobs: procrastinate on the same PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Sequence

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions as procrastinate_errors

from akako.kernel.db.jobs import Job

log = structlog.get_logger(__name__)

CONCURRENCY = 4
RESTART_SECONDS = 5.0
GRACE_SECONDS = 10.0  # for jobs that run when the worker stops
MAX_RETRY_SECONDS = 6 * 3600.0
# How a machine that has gone without a word is noticed: by who connects, and who listens for jobs.
SILENCE = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def build(url: str, jobs: Sequence[Job]) -> procrastinate.App:
    """Return a procrastinate application with these jobs. Failures are retried with back-off."""
    connector = procrastinate.PsycopgConnector(
        conninfo=url, min_size=1, max_size=CONCURRENCY + 2, timeout=5, kwargs=SILENCE
    )
    app = procrastinate.App(connector=connector)
    for job in jobs:
        retry = BackOff(job)
        task = app.task(name=job.name, queue=job.queue, retry=retry)(_call(job))
        if job.cron:
            app.periodic(cron=job.cron, periodic_id=job.name)(task)
    return app


class BackOff(procrastinate.BaseRetryStrategy):
    """Retries a job after `retry_seconds`, doubled each time, at most 6 hours apart."""

    def __init__(self, job: Job) -> None:
        self._retries = job.retries
        self._seconds = job.retry_seconds

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """Return when to retry the job after `job.attempts` earlier attempts; None to give up."""
        if self._retries is not None and job.attempts >= self._retries:
            return None
        seconds = min(self._seconds * 2 ** min(job.attempts, 32), MAX_RETRY_SECONDS)
        return procrastinate.RetryDecision(retry_in={"seconds": math.ceil(seconds)})


def _call(job: Job):  # type: ignore[no-untyped-def]
    """Run a job without the due time that procrastinate passes to periodic ones."""

    async def run(timestamp: int | None = None, **arguments: object) -> None:
        await job.run(**arguments)

    return run


@contextlib.asynccontextmanager
async def working(url: str, jobs: Sequence[Job]) -> AsyncIterator[None]:
    """Run jobs in the background. Restart the worker after the database was unavailable."""
    task = asyncio.create_task(_keep_working(url, jobs))
    try:
        yield
    finally:
        # `asyncio.wait_for` before Python 3.12 can lose a cancellation, so it is repeated.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_SECONDS + 2)
        if not task.cancelled():
            task.result()


async def _keep_working(url: str, jobs: Sequence[Job]) -> None:
    while True:
        try:
            await work(url, jobs)
        except (
            procrastinate_errors.ConnectorException,
            psycopg.Error,
            OSError,
            TimeoutError,
        ) as error:
            log.warning("worker_stopped", error=type(error).__name__)
        task = asyncio.current_task()
        if task and task.cancelling():
            return  # the failure came while it was being cancelled, and took that word's place
        await asyncio.sleep(RESTART_SECONDS)


async def work(url: str, jobs: Sequence[Job], *, wait: bool = True) -> None:
    """Run jobs until cancelled, or with `wait=False` until no job is due."""
    app = build(url, jobs)
    try:
        await app.open_async()
        await app.run_worker_async(
            concurrency=CONCURRENCY,
            wait=wait,
            install_signal_handlers=False,
            listen_notify=True,
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
        )
    finally:
        # Also when cancelled while it opens: tasks of a pool left open keep the loop from ending.
        await app.close_async()
