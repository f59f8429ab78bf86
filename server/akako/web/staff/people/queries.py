"""SQL of the pages about people, the audit log and usage."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec

from akako.kernel.db.database import Database

NAME = "coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username, u.email, u.id)"
MAX_CALLERS = 10


NAMED = f"""
select u.id, {NAME} as name from users u where u.id = any($1) and u.deleted_at is null
union all select id, name from education_levels where id = any($1)
union all select id, name from grades where id = any($1)
union all select id, name from subjects where id = any($1)
union all select id, name from topics where id = any($1)
"""


async def names_of(db: Database, ids: Collection[str]) -> dict[str, str]:
    """Return the names to show by id: of users who are not deleted, and of the curriculum."""
    return {row["id"]: row["name"] for row in await db.fetch(NAMED, sorted(ids))}


class Day(msgspec.Struct, frozen=True):
    """The use of a plan on a UTC day. `refused` are calls refused with 429."""

    day: date
    calls: int
    uploads: int
    refused: int


async def read_days(db: Database, subject: str, first: date, following: date) -> list[Day]:
    """Return the days with usage, from `first` to the day before `following`."""
    sql = """
    select day, calls, uploads, refused from usage_days
    where subject = $1 and day >= $2 and day < $3 order by day
    """
    return [Day(*row) for row in await db.fetch(sql, subject, first, following)]


class Caller(msgspec.Struct, frozen=True):
    """A user who called the API in a month. The name is null if the user was deleted."""

    id: str
    name: str | None
    calls: int


async def read_callers(db: Database, subject: str, month: date) -> list[Caller]:
    """Return the users with the most calls of a month."""
    sql = f"""
    select c.user_id, case when u.id is not null then {NAME} end, c.calls
    from usage_callers c left join users u on u.id = c.user_id and u.deleted_at is null
    where c.subject = $1 and c.month = $2 and c.calls > 0
    order by c.calls desc, c.user_id limit {MAX_CALLERS}
    """
    return [Caller(*row) for row in await db.fetch(sql, subject, month)]
