"""The health of backends and background work, as the overview of administrators shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

LATE_SECONDS = 300  # a due job that waits longer is late

# Select list. Successful jobs are deleted from the table, so it stays small.
FIGURES = """
(select count(*) from procrastinate_jobs where status = 'failed')::int as failed_jobs,
(select coalesce(extract(epoch from now() - min(coalesce(j.scheduled_at, e.at))), 0)::int
 from procrastinate_jobs j
 left join procrastinate_events e on e.job_id = j.id and e.type = 'deferred'
 where j.status = 'todo' and coalesce(j.scheduled_at, e.at) <= now()) as job_lag,
(select count(*) from webhook_endpoints)::int as endpoints,
(select count(*) from webhook_endpoints
 where failing_since is not null or disabled_reason is not null)::int as failing_endpoints,
(select count(*) from webhook_dead_letters)::int as dead_letters
"""


class Counting(msgspec.Struct, frozen=True):
    """Whether the server of the rate limits works; None where each process counts for itself."""

    works: Callable[[], bool | None]


class Work(NamedTuple):
    """The state of jobs and webhooks: the columns of FIGURES. The lag is in seconds."""

    failed_jobs: int
    job_lag: int
    endpoints: int
    failing_endpoints: int
    dead_letters: int
