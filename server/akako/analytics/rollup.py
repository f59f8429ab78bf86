"""Compute the daily figures and the totals of large schools in the background.

Every step replaces what it finds by figures from the stored data, so a run that is repeated, late
or interrupted gives the same result.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import msgspec

from akako.analytics import totals
from akako.analytics.daily.roll import FIRST, roll_days
from akako.kernel.db.database import Database
from akako.storage.queries import WAITING
from akako.visibility.tree import SUBJECT

Compute = Callable[[Database], Awaitable[dict[str, Any]]]
BATCH = 5_000  # enrollments per statement of the back-fill
PATIENCE = 20  # totals are computed again after this many times their computation
FILLED = "filled"
# Enrollments that are older than the trigger. Cancellations are in the audit log, while it lasts.
FILL = """
with part as (
    select id, status, requested_at, decided_at, decided_by from enrollments
    where id > $1 order by id limit $2
), moments as (
    select id, 'requested' as kind, requested_at as at, null::double precision as seconds from part
    union all
    select id, case status when 'REJECTED' then 'rejected' else 'approved' end, decided_at,
           extract(epoch from decided_at - requested_at)
    from part where decided_at is not null and status <> 'PENDING'
    union all
    select id, 'cancelled', coalesce(
        (select max(a.at) from audit_log a
         where a.resource = 'enrollment' and a.resource_id = part.id
           and a.action = 'enrollment.cancel'),
        decided_at, requested_at), null
    from part where status = 'CANCELLED'
), added as (
    insert into enrollment_moments (enrollment_id, kind, at, seconds)
    select id, kind, at, seconds from moments on conflict do nothing
)
select max(id) from part
"""
PURGE = f"""
delete from removed_videos r where r.storage_key not in ({WAITING})
  and not exists (select from topics t where t.video_key = r.storage_key)
"""
STORE = """
insert into analytics_state (key, value, seconds) values ($1, $2::text::jsonb, $3)
on conflict (key) do update
set value = excluded.value, seconds = excluded.seconds, computed_at = now()
"""
AGE = "select extract(epoch from now() - computed_at) - $2 * seconds from analytics_state"
ROLL_SUBJECTS = f"""
insert into analytics_subjects (subject_id, learners, started, completed)
select s.id, f.learners, f.started, f.completed from {SUBJECT.source}
{totals.LIVE} where {SUBJECT.present}
on conflict (subject_id) do update set
    learners = excluded.learners, started = excluded.started, completed = excluded.completed
"""


async def roll_up(db: Database, zone: str) -> None:
    """Bring all roll-ups up to date."""
    await _fill(db)
    await db.execute(PURGE)
    await roll_days(db, zone, first=None)
    await _keep(db, "storage", totals.compute_storage, "documents", "topics")
    await _keep(db, "users", totals.compute_users, "users")
    tables, most = totals.COMPLETION_TABLES, totals.COMPLETION_ROWS
    await _keep(db, "subjects", _roll_subjects, *tables, most=most)


async def rebuild(db: Database, zone: str, *, first: date | None) -> int:
    """Compute the figures again from a day on; return the number of days."""
    await _fill(db)
    since = first or await db.fetchval(FIRST, zone) or date.max
    for table in ("analytics_days", "analytics_open_days"):
        await db.execute(f"delete from {table} where zone = $1 and day >= $2", zone, since)
    await db.execute(
        "delete from analytics_medians where zone = $1 and last_day >= $2", zone, since
    )
    await db.execute("delete from analytics_state where key <> $1", FILLED)
    days = await roll_days(db, zone, first=first)
    await roll_up(db, zone)
    return days


async def _fill(db: Database) -> None:
    """Add the moments of older enrollments in portions, each in its own transaction."""
    state = await totals.read_state(db, FILLED) or {"after": "", "done": False}
    while not state["done"]:
        last = await db.fetchval(FILL, state["after"], BATCH)
        state = {"after": last or state["after"], "done": last is None}
        await _store(db, FILLED, state, 0.0)


async def _keep(
    db: Database, key: str, compute: Compute, *tables: str, most: int | None = None
) -> None:
    """Compute totals of a large school, but not again while that would be most of the time."""
    if not await totals.is_large(db, *tables, most=most):
        return
    rest = await db.fetchval(f"{AGE} where key = $1", key, PATIENCE)
    if rest is not None and rest < 0:
        return
    begun = time.monotonic()
    value = await compute(db)
    await _store(db, key, value, time.monotonic() - begun)


async def _roll_subjects(db: Database) -> dict[str, Any]:
    await db.execute(ROLL_SUBJECTS)
    return {}


async def _store(db: Database, key: str, value: dict[str, Any], seconds: float) -> None:
    await db.execute(STORE, key, msgspec.json.encode(value).decode(), seconds)
