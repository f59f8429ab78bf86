"""SQL about days of activity."""

from __future__ import annotations

from datetime import date

from akako.kernel.db.database import Database


async def insert_day(db: Database, day: date, user_id: str) -> None:
    """Insert the day unless it is stored."""
    sql = """
    insert into activity_days (day, user_id)
    select $1, id from users where id = $2 and deleted_at is null for share
    on conflict do nothing
    """
    await db.execute(sql, day, user_id)


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the user's days of activity, for the export of personal data."""
    sql = "select day from activity_days where user_id = $1 order by day"
    rows = await db.fetch(sql, user_id)
    return {"activeDays": [row["day"] for row in rows]}
