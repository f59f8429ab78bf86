"""Compute the daily figures: counts of enrollments, active learners, and medians.

A late row can be committed while its day is computed. Therefore each day first gets an empty open
row, which the trigger of a late row deletes, and figures are stored only in rows that still exist.
The next run computes a day that has no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from akako.analytics.daily import open_days
from akako.analytics.daily.open_days import SETTLE
from akako.analytics.days import INTERVALS, end_of, start_of
from akako.analytics.queries import COUNTS, LIVE_MOMENTS, WINDOW, within
from akako.kernel.db.database import Database

Period = tuple[date, date]  # the first and the last day
CHUNK_DAYS = 92  # days per statement; each reads the activity of 27 days more
FEW_DAYS = 2  # the days of a regular run; their windows are read one by one
FIRST = """
select least(
    (select (min(at) at time zone $1)::date from enrollment_moments),
    (select min(day) from activity_days)
)
"""
CLOSED = "select day from analytics_days where zone = $1 and closed and day >= $2"
# Waits for transactions with late rows. Later ones find the rows of OPEN, and delete them.
LOCK = "lock table analytics_days in share row exclusive mode"
OPEN = """
insert into analytics_days select $1, day, false, 0, 0, 0, 0, 0, 0, 0
from unnest($2::date[]) day on conflict do nothing
"""
_FIGURES = """
select d.first as day, m.*, w.*
from (select day as first, day as last from unnest($2::date[]) day) d,
    lateral (select {counts} from enrollment_moments m where {within}) m,
    lateral ({window}) w
"""
FIGURES_OF_FEW = _FIGURES.format(
    counts=COUNTS, within=within("d"), window=WINDOW.format(day="d.first")
)
# Reading each window for itself would read every row 28 times. A learner counts once in a window:
# with the last day of activity, after which the next one is beyond the window.
FIGURES_OF_MANY = """
with gaps as materialized (
    select day, next, count(*) as number from (
        select day, lead(day) over (partition by user_id order by day) as next
        from activity_days where day > $3::date - 28 and day <= $4
    ) a group by day, next
)
""" + _FIGURES.format(
    counts=COUNTS,
    within=within("d"),
    window="""
    select coalesce(sum(number) filter (where last and day > d.first - 7), 0)::int as learners_7d,
           coalesce(sum(number) filter (where last), 0)::int as learners_28d,
           coalesce(sum(number), 0)::int as window_rows
    from gaps, lateral (select next is null or next > d.first as last) l
    where day > d.first - 28 and day <= d.first
""",
)
STORE = """
update analytics_days set closed = $3, requested = $4, approved = $5, rejected = $6,
    cancelled = $7, learners_7d = $8, learners_28d = $9, window_rows = $10
where zone = $1 and day = $2
"""
_MEDIANS = f"""
insert into analytics_medians
select $1, d.first, d.last, m.seconds
from unnest($2::date[], $3::date[]) as d(first, last), lateral (
    select percentile_cont(0.5) within group (order by m.seconds) as seconds, count(*) as number
    from enrollment_moments m where m.kind in ('approved', 'rejected') and {within("d")}
) m {{where}}
on conflict (zone, first_day, last_day) do update set seconds = excluded.seconds
"""
MEDIANS = _MEDIANS.format(where="")
# Only of decisions that are too many to be sorted for a request.
MANY_MEDIANS = _MEDIANS.format(where=f"where m.number > {LIVE_MOMENTS}")


async def roll_days(db: Database, zone: str, *, first: date | None) -> int:
    """Compute the days that are not closed yet, today included; return their number."""
    start = first or await db.fetchval(FIRST, zone)
    now = datetime.now(UTC)
    until = now - SETTLE
    today, closed_before = (at.astimezone(ZoneInfo(zone)).date() for at in (now, until))
    if start is None or start > today:
        return 0
    done = {row["day"] for row in await db.fetch(CLOSED, zone, start)}
    days = [date.fromordinal(each) for each in range(start.toordinal(), today.toordinal() + 1)]
    missing = [day for day in days if day not in done]
    for chunk in chunks(missing):
        await _roll_chunk(db, zone, chunk, closed_before, until)
    await db.execute(open_days.CLOSE, zone, closed_before)
    return len(missing)


def chunks(days: Sequence[date]) -> Iterator[list[date]]:
    """Divide ascending days into lists that each span at most CHUNK_DAYS."""
    chunk: list[date] = []
    for day in days:
        if chunk and (day - chunk[0]).days >= CHUNK_DAYS:
            yield chunk
            chunk = []
        chunk.append(day)
    if chunk:
        yield chunk


async def _roll_chunk(
    db: Database, zone: str, days: list[date], closed_before: date, until: datetime
) -> None:
    current = [day for day in days if day >= closed_before]
    async with db.transaction() as tx:
        await tx.execute(LOCK)
        await tx.execute(OPEN, zone, days)
        await tx.execute(open_days.OPEN, zone, current)
    await open_days.count(db, zone, current, until)
    await _roll_medians(db, zone, days, closed_before)
    if len(days) <= FEW_DAYS:
        rows = await db.fetch(FIGURES_OF_FEW, zone, days)
    else:
        rows = await db.fetch(FIGURES_OF_MANY, zone, days, days[0], days[-1])
    for row in rows:  # one statement each, so that no lock is held while it waits for another
        day, *figures = row.values()
        await db.execute(STORE, zone, day, day < closed_before, *figures)


async def _roll_medians(db: Database, zone: str, days: Sequence[date], closed_before: date) -> None:
    """Compute the medians of the periods that contain the days.

    Days, weeks and months that are over always have a stored median. The current ones and the parts
    of weeks and months at the ends of a requested range have one if they have many decisions.
    """
    over: set[Period] = set()
    others: set[Period] = set()
    for day in days:
        for interval in INTERVALS:
            whole = start_of(day, interval), end_of(day, interval)
            if whole[1] < closed_before:
                over.add(whole)
            elif day >= closed_before:
                others.add(whole)
            others.update(parts(whole, day, closed_before))
    for statement, periods in ((MEDIANS, over), (MANY_MEDIANS, others)):
        if periods:
            firsts, lasts = zip(*sorted(periods), strict=True)
            await db.execute(statement, zone, firsts, lasts)


def parts(whole: Period, day: date, closed_before: date) -> Iterator[Period]:
    """Yield the closed parts of a period that contain the day and begin or end with the period."""
    first, last = whole
    for number in range(1, (last - first).days):
        middle = first + timedelta(days=number)
        if day <= middle < closed_before:
            yield first, middle
        if middle <= day and last < closed_before:
            yield middle, last
