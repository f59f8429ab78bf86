"""SQL about figures per day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg

from akako.analytics.days import Bucket
from akako.kernel.db.database import Database

# Above this many rows of activity in 28 days, today's figure is that of the last roll-up.
LIVE_ROWS = 50_000
# Above this many decisions, the median of an open bucket is that of the last roll-up.
LIVE_MOMENTS = 1_000
BUCKETS = "select * from unnest($2::date[], $3::date[]) as b(first, last)"
# Midnight occurs twice where clocks go back at 1:00. The second before the day occurs once.
START = "(({}::timestamp - interval '1 second') at time zone $1 + interval '1 second')"


def within(bucket: str, at: str = "m.at") -> str:
    """Return the condition that a moment is in the days from `first` to `last` of an alias."""
    first, end = START.format(f"{bucket}.first"), START.format(f"({bucket}.last + 1)")
    return f"{at} >= {first} and {at} < {end}"


KINDS = ("requested", "approved", "rejected", "cancelled")
COUNTS = ", ".join(f"count(*) filter (where m.kind = '{kind}')::int as {kind}" for kind in KINDS)
MEDIAN = """
select percentile_cont(0.5) within group (order by m.seconds) as seconds
from enrollment_moments m where m.kind in ('approved', 'rejected')
"""
SUMS = ", ".join(
    f"sum(coalesce(r.{kind}, coalesce(p.{kind}, 0) + live.{kind}))::int as {kind}" for kind in KINDS
)
# Closed days come from the roll-up. Of others it has a part, and the moments after it are counted.
ENROLLMENTS = f"""
with b as ({BUCKETS}),
counted as (
    select b.first, {SUMS}
    from b cross join lateral generate_series(b.first, b.last, interval '1 day') each
    cross join lateral (select each::date as first, each::date as last) d
    left join analytics_days r on r.zone = $1 and r.day = d.first and r.closed
    left join analytics_open_days p on p.zone = $1 and p.day = d.first
    left join lateral (
        select {COUNTS} from enrollment_moments m
        where r.day is null and {within("d")} and m.at >= coalesce(p.until, '-infinity')
    ) live on true
    group by b.first
)
select counted.*, case when s.zone is null then live.seconds else s.seconds end as seconds
from b join counted using (first)
left join analytics_medians s on s.zone = $1 and s.first_day = b.first and s.last_day = b.last
left join lateral ({MEDIAN} and s.zone is null and {within("b")}) live on true
order by b.first
"""
WINDOW = """
select count(distinct user_id) filter (where day > {day} - 7)::int as learners_7d,
       count(distinct user_id)::int as learners_28d, count(*)::int as window_rows
from activity_days where day > {day} - 28 and day <= {day}
"""
ACTIVE = f"""
select coalesce(r.learners_7d, live.learners_7d) as learners_7d,
       coalesce(r.learners_28d, live.learners_28d) as learners_28d
from unnest($2::date[]) with ordinality as d(day, place)
left join analytics_days r on r.zone = $1 and r.day = d.day
    and (r.closed or r.window_rows > {LIVE_ROWS})
left join lateral ({WINDOW.format(day="d.day")} and r.day is null) live on true
order by d.place
"""
WAITING = f"""
select (
    select count(*) from enrollments m where m.status = 'PENDING'
      and {within("b", "m.requested_at")}
)::int as waiting
from unnest($2::date[], $3::date[]) with ordinality as b(first, last, place) order by b.place
"""
DAYS = """
select day::text, calls, uploads from usage_days where subject = $1 and day >= $2 and day < $3
"""
CALLERS = """
select user_id, calls from usage_callers where subject = $1 and month = $2 and calls > 0
order by calls desc, user_id limit 10
"""


async def read_enrollments(
    db: Database, zone: str, buckets: Sequence[Bucket]
) -> list[asyncpg.Record]:
    """Return counts and the median seconds to a decision of each bucket."""
    first, last = [each.first for each in buckets], [each.last for each in buckets]
    return await db.fetch(ENROLLMENTS, zone, first, last)


async def read_waiting(db: Database, zone: str, buckets: Sequence[Bucket]) -> list[int]:
    """Return the requests of each bucket that wait for a decision."""
    first, last = [each.first for each in buckets], [each.last for each in buckets]
    return [row["waiting"] for row in await db.fetch(WAITING, zone, first, last)]


async def read_active(db: Database, zone: str, days: Sequence[date]) -> list[asyncpg.Record]:
    """Return the distinct learners of the 7 and 28 days that end with each day."""
    return await db.fetch(ACTIVE, zone, days)


async def read_usage_days(
    db: Database, subject: str, month: date, following: date
) -> dict[date, asyncpg.Record]:
    rows = await db.fetch(DAYS, subject, month, following)
    return {date.fromisoformat(row["day"]): row for row in rows}


async def read_callers(db: Database, subject: str, month: date) -> list[asyncpg.Record]:
    """Return the ten users with the most calls in a month."""
    return await db.fetch(CALLERS, subject, month)


async def read_pending(db: Database) -> dict[str, Any]:
    """Return what waits for a decision."""
    row = await db.fetchrow("""
    select (select count(*) from enrollments where status = 'PENDING')::int as pending_enrollments,
           (select min(requested_at) from enrollments where status = 'PENDING')
               as oldest_pending_enrollment_at,
           (select count(*) from mentor_applications where status = 'PENDING')::int
               as pending_mentor_applications
    """)
    assert row is not None
    return dict(row)
