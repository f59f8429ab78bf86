"""Background jobs, deferred in the transaction of their cause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from akako.kernel.db.database import Database

QUEUE = "default"
DEFER = """
select procrastinate_defer_jobs_v1(array[
    row($1, $2, 0, $3, null, $4::text::jsonb, now() + make_interval(secs => $5))
        ::procrastinate_job_to_defer_v1
])
"""


class Job(msgspec.Struct, frozen=True):
    """A named background function. `run` is idempotent and takes ids, never objects.

    `cron` (five fields) starts the job on a schedule. A job that fails is retried after
    `retry_seconds`, then after twice as long, and so on; after `retries` it stays failed.
    """

    name: str
    run: Callable[..., Awaitable[object]]
    cron: str | None = None
    queue: str = QUEUE
    retries: int | None = 8  # None: without end
    retry_seconds: float = 2


async def defer(
    db: Database,
    task: str,
    *,
    after_seconds: float = 0,
    lock: str | None = None,
    **arguments: Any,
) -> None:
    """Defer a job, which starts only if the surrounding transaction commits.

    Args:
        db: The transaction of the job's cause.
        task: The name of the job.
        after_seconds: How long after the start of the transaction the job is due.
        lock: Jobs with the same lock run one after the other.
        arguments: What `run` of the job takes; values that JSON can represent.
    """
    text = msgspec.json.encode(arguments).decode()
    await db.execute(DEFER, QUEUE, task, lock, text, float(after_seconds))
