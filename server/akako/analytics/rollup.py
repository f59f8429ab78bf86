"""Compute the daily figures and the totals of large schools in the background.

Every step replaces what it finds by figures from the stored data, so a run that is repeated, late
or interrupted gives the same result.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from akako.analytics import totals
from akako.analytics.days import end_of, start_of
from akako.analytics.queries import COUNTS, LIVE_MOMENTS, MEDIAN, WINDOW, within
from akako.kernel.db.database import Database
from akako.storage.queries import WAITING
from akako.visibility.tree import SUBJECT

BATCH = 5_000  # enrollments per statement of the back-fill
SETTLE = timedelta(minutes=10)  # after midnight, until transactions of the day have ended
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
FIRST = """
select least(
    (select (min(at) at time zone $1)::date from enrollment_moments),
    (select min(day) from activity_days)
)
"""
ROLL_DAY = f"""
insert into analytics_days
select $1, d.first, $3, m.*, w.*
from (select $2::date as first, $2::date as last) d,
    lateral (select {COUNTS} from enrollment_moments m where {within("d")}) m,
    lateral ({WINDOW.format(day="d.first")}) w
on conflict (zone, day) do update set
    closed = excluded.closed, requested = excluded.requested, approved = excluded.approved,
    rejected = excluded.rejected, cancelled = excluded.cancelled,
    learners_7d = excluded.learners_7d, learners_28d = excluded.learners_28d,
    window_rows = excluded.window_rows
"""
_ROLL_MEDIAN = """
insert into analytics_medians
select $1, d.first, d.last, ({median} and {within})
from (select $2::date as first, $3::date as last) d {where}
on conflict (zone, first_day, last_day) do update set seconds = excluded.seconds
"""
_WITHIN_D = within("d")
ROLL_MEDIAN = _ROLL_MEDIAN.format(median=MEDIAN, within=_WITHIN_D, where="")
# An open bucket has a median only while its moments are too many to be sorted for a request.
ROLL_OPEN_MEDIAN = _ROLL_MEDIAN.format(
    median=MEDIAN,
    within=_WITHIN_D,
    where=f"""
where (select count(*) from enrollment_moments m where m.seconds is not null and {_WITHIN_D})
    > {LIVE_MOMENTS}""",
)
PURGE = f"""
delete from removed_videos r where r.storage_key not in ({WAITING})
  and not exists (select from topics t where t.video_key = r.storage_key)
"""
CLOSED = "select day from analytics_days where zone = $1 and closed and day >= $2"
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
    await _keep(db, "subjects", _roll_subjects, "topic_progress", "enrollments")


async def rebuild(db: Database, zone: str, *, first: date | None) -> int:
    """Compute the figures again from a day on; return the number of days."""
    await _fill(db)
    since = first or await db.fetchval(FIRST, zone) or date.max
    await db.execute("delete from analytics_days where zone = $1 and day >= $2", zone, since)
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


async def roll_days(db: Database, zone: str, *, first: date | None) -> int:
    """Compute the days that are not closed yet, today included; return their number."""
    start = first or await db.fetchval(FIRST, zone)
    now = datetime.now(ZoneInfo(zone))
    today, closed_before = now.date(), (now.astimezone(UTC) - SETTLE).astimezone(now.tzinfo).date()
    if start is None or start > today:
        return 0
    done = {row["day"] for row in await db.fetch(CLOSED, zone, start)}
    days = [date.fromordinal(each) for each in range(start.toordinal(), today.toordinal() + 1)]
    missing = [day for day in days if day not in done]
    for day in missing:
        await _roll_medians(db, zone, day, closed_before)
        await db.execute(ROLL_DAY, zone, day, day < closed_before)
    return len(missing)


async def _roll_medians(db: Database, zone: str, day: date, closed_before: date) -> None:
    """Compute the medians of the day, week and month of a day that are over, or have many moments.

    A bucket that is over is computed with its last day.
    """
    for interval in ("day", "week", "month"):
        last = end_of(day, interval)
        if last < closed_before:
            await db.execute(ROLL_MEDIAN, zone, start_of(day, interval), last)
        elif day >= closed_before:
            await db.execute(ROLL_OPEN_MEDIAN, zone, start_of(day, interval), last)


async def _keep(
    db: Database, key: str, compute: Callable[[Database], Awaitable[dict[str, Any]]], *tables: str
) -> None:
    """Compute totals of a large school, but not again while that would be most of the time."""
    if not await totals.is_large(db, *tables):
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
