"""Background jobs, enqueued in the transaction of their cause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec

from akako.kernel.db.database import Database

DEFER = """
select procrastinate_defer_jobs_v1(array[
    row($1, $2, 0, null, $3, $4::text::jsonb, $5)::procrastinate_job_to_defer_v1
])
"""


class Job(msgspec.Struct, frozen=True):
    """A background job. `run` is idempotent and takes ids, never objects."""

    name: str
    run: Callable[..., Awaitable[object]]
    cron: str | None = None  # five fields; the schedule of a periodic job
    queue: str = "default"


async def defer(
    db: Database,
    task: str,
    *,
    at: datetime | None = None,
    only_once_waiting: str | None = None,
    **arguments: Any,
) -> None:
    """Enqueue a job. It starts only if the surrounding transaction commits.

    At most one job with the same `only_once_waiting` can wait. A second one raises a unique
    violation, so use it only outside of larger transactions.
    """
    text = msgspec.json.encode(arguments).decode()
    await db.execute(DEFER, "default", task, only_once_waiting, text, at)
