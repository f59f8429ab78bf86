"""Count the part of an open day that does not change any more.

Transactions of the last minutes may not have ended. The counts therefore end SETTLE before the
roll-up, and a request counts what came later. A late moment deletes the row, by a trigger, and the
whole day is counted live until the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from akako.analytics.queries import COUNTS, within
from akako.kernel.db.database import Database

SETTLE = timedelta(minutes=10)  # until transactions that began before have ended
# In the transaction that waits for late moments. Those that come after it delete the row.
OPEN = """
insert into analytics_open_days (zone, day) select $1, day from unnest($2::date[]) day
on conflict do nothing
"""
COUNT = f"""
select d.first as day, m.* from (select day as first, day as last from unnest($2::date[]) day) d,
    lateral (select {COUNTS} from enrollment_moments m where {within("d")} and m.at < $3) m
"""
STORE = """
update analytics_open_days set until = $3, requested = $4, approved = $5, rejected = $6,
    cancelled = $7
where zone = $1 and day = $2
"""
CLOSE = "delete from analytics_open_days where zone = $1 and day < $2"


async def count(db: Database, zone: str, days: Sequence[date], until: datetime) -> None:
    """Store the counts of days that OPEN has opened, from midnight until a moment."""
    for row in await db.fetch(COUNT, zone, days, until):
        day, *figures = row.values()
        await db.execute(STORE, zone, day, until, *figures)
