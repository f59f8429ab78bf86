"""Metrics that are read from the database and the data folder on each scrape."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import asyncpg
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from akako import __version__
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.db.database import Database
from akako.kernel.files.space import measure
from akako.ops import backup_record
from akako.storage.queries import WAITING

# Successful jobs are deleted from the table, so it stays small.
STATE = f"""
select
    (select count(*) from procrastinate_jobs where status = 'todo') as todo,
    (select count(*) from procrastinate_jobs where status = 'doing') as doing,
    (select count(*) from procrastinate_jobs where status = 'failed') as failed,
    (
        select coalesce(extract(epoch from now() - min(coalesce(j.scheduled_at, e.at))), 0)::float8
        from procrastinate_jobs j
        left join procrastinate_events e on e.job_id = j.id and e.type = 'deferred'
        where j.status = 'todo' and coalesce(j.scheduled_at, e.at) <= now()
    ) as lag,
    (select count(*) from webhook_dead_letters) as dead_letters,
    (select count(*) from ({WAITING}) waiting) as cleanup,
    (select count(*) from pending_objects) as pending
"""
SINGLE = (
    ("lag", "akako_job_lag_seconds", "How long the oldest job that is due has waited"),
    ("dead_letters", "akako_dead_letters", "Webhooks that could not be applied"),
    ("cleanup", "akako_cleanup_waiting", "Files waiting to be removed"),
    ("pending", "akako_uploads_pending", "Files being written, or left by a crash"),
)


async def state_metrics(db: Database) -> list[Metric]:
    """Return build information, database availability, and the state of queues."""
    build = GaugeMetricFamily(
        "akako_build_info", "Version of the server and of Python", labels=["version", "python"]
    )
    build.add_metric([__version__, platform.python_version()], 1)
    up = GaugeMetricFamily("akako_database_up", "Whether the database responds")
    try:
        row: Any = await db.fetchrow(STATE)
    except (ServiceUnavailable, asyncpg.PostgresError):
        up.add_metric([], 0)
        return [build, up]
    up.add_metric([], 1)
    jobs = GaugeMetricFamily("akako_jobs", "Background jobs that are not done", labels=["status"])
    for status in ("todo", "doing", "failed"):
        jobs.add_metric([status], row[status])
    return [build, up, jobs, *(GaugeMetricFamily(n, text, row[key]) for key, n, text in SINGLE)]


def folder(data_dir: Path) -> list[Metric]:
    """Return the space on the disk of the data folder, and when the latest backup succeeded."""
    free_bytes, size_bytes = measure(data_dir)
    free = GaugeMetricFamily(
        "akako_disk_free_bytes", "Space that the data folder's disk has for the server", free_bytes
    )
    size = GaugeMetricFamily("akako_disk_size_bytes", "Size of the data folder's disk", size_bytes)
    backup = GaugeMetricFamily(
        "akako_backup_last_success_timestamp_seconds",
        "When akako backup last succeeded with this data folder",
    )
    if at := backup_record.latest(data_dir):
        backup.add_metric([], at)
    return [free, size, backup]
