"""Background work, asked for in the same transaction as its cause."""

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
    """A named piece of background work. `run` is idempotent and is given ids, never objects."""

    name: str
    run: Callable[..., Awaitable[object]]
    cron: str | None = None  # five fields; runs by itself on that schedule
    queue: str = "default"


async def defer(
    db: Database,
    task: str,
    *,
    at: datetime | None = None,
    only_once_waiting: str | None = None,
    **arguments: Any,
) -> None:
    """Ask for a job; it starts only if the surrounding transaction commits.

    `only_once_waiting` is a name under which at most one job may wait at a time; asking again
    while one waits raises a unique violation, so use it only outside of larger transactions.
    """
    text = msgspec.json.encode(arguments).decode()
    await db.execute(DEFER, "default", task, only_once_waiting, text, at)
