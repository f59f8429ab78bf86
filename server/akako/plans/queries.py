"""SQL about usage and organizations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from akako.kernel.db.database import Database
from akako.plans.schemas import Organization

# The condition keeps concurrent callers within the limit.
TAKE = """
insert into usage_counters as c (subject, month, kind, used)
select $1, $2, $3, $4::bigint where $4::bigint <= $5::bigint
on conflict (subject, month, kind) do update
set used = c.used + $4::bigint where c.used + $4::bigint <= $5::bigint
returning used
"""

# Rows are added in the order of their keys, which prevents deadlocks between processes.
ADD_DAYS = """
insert into usage_days as d (subject, day, calls, refused)
select subject, day, sum(calls), sum(refused)
from unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[])
    as made(subject, day, calls, refused) group by 1, 2 order by 1, 2
on conflict (subject, day) do update
set calls = d.calls + excluded.calls, refused = d.refused + excluded.refused
"""
ADD_CALLERS = """
insert into usage_callers as c (subject, month, user_id, calls)
select subject, date_trunc('month', day::timestamp)::date, user_id, sum(calls)
from unnest($1::text[], $2::date[], $3::bigint[], $4::text[])
    as made(subject, day, calls, user_id) group by 1, 2, 3 having sum(calls) <> 0 order by 1, 2, 3
on conflict (subject, month, user_id) do update set calls = c.calls + excluded.calls
"""
ADD_UPLOAD = """
insert into usage_days as d (subject, day, uploads)
values ($1, (now() at time zone 'utc')::date, 1)
on conflict (subject, day) do update set uploads = d.uploads + 1
"""


async def take(
    db: Database, subject: str, month: date, kind: str, amount: int, limit: int
) -> int | None:
    """Add `amount`; return the new total, or None without counting if it would exceed the limit."""
    used: int | None = await db.fetchval(TAKE, subject, month, kind, amount, limit)
    return used


async def give_back(db: Database, subject: str, month: date, kind: str, amount: int) -> None:
    await db.execute(
        """
        update usage_counters set used = greatest(0, used - $4)
        where subject = $1 and month = $2 and kind = $3
        """,
        subject,
        month,
        kind,
        amount,
    )


async def read_usage(db: Database, subject: str, month: date) -> dict[str, int]:
    """Return the usage by kind."""
    rows = await db.fetch(
        "select kind, used from usage_counters where subject = $1 and month = $2", subject, month
    )
    return {row["kind"]: row["used"] for row in rows}


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the user's monthly usage, for the export of personal data."""
    sql = """
    select month, kind, used from usage_counters where subject = 'user:' || $1 order by month, kind
    """
    return {"usage": [dict(row) for row in await db.fetch(sql, user_id)]}


async def find_organization(tx: Database, organization_id: str) -> Organization | None:
    """Return the organization, locked until the end of the transaction."""
    row = await tx.fetchrow(
        "select id, plan, created_at, updated_at from organizations where id = $1 for update",
        organization_id,
    )
    return Organization(*row.values()) if row else None


async def put_organization(db: Database, organization_id: str, plan: str) -> Organization:
    row = await db.fetchrow(
        """
        insert into organizations (id, plan) values ($1, $2)
        on conflict (id) do update set plan = excluded.plan, updated_at = now()
        returning id, plan, created_at, updated_at
        """,
        organization_id,
        plan,
    )
    assert row is not None
    return Organization(*row.values())


def plan_of(subject: str) -> str:
    """Return an SQL expression: the plan of the quota subject in this column, or null.

    The plan of an account counts while the account is active and its owner is an administrator.
    """
    return f"""
    case when {subject} like 'organization:%'
        then (select o.plan from organizations o where o.id = substr({subject}, 14))
        else (
            select u.plan from users u where u.id = substr({subject}, 6)
                and u.deleted_at is null and u.status = 'ACTIVE'
                and exists (
                    select from user_roles r where r.user_id = u.id and r.role = 'ADMIN'
                        and r.effective_start <= now()
                        and (r.effective_end is null or r.effective_end > now())
                )
        )
    end
    """


class Calls(NamedTuple):
    """Calls of a user on a UTC day: those that count, and those refused with 429."""

    subject: str
    user_id: str
    day: date
    made: int
    refused: int


async def add_calls(db: Database, counted: Sequence[Calls]) -> None:
    """Add calls to the daily usage, by subject, user and UTC day."""
    subjects, users, days, calls, refused = (list(each) for each in zip(*counted, strict=True))
    async with db.transaction() as tx:
        await tx.execute(ADD_DAYS, subjects, days, calls, refused)
        await tx.execute(ADD_CALLERS, subjects, days, calls, users)


async def add_upload(tx: Database, subject: str) -> None:
    """Add an upload to the usage of today (UTC)."""
    await tx.execute(ADD_UPLOAD, subject)
