"""SQL about usage and organizations."""

from __future__ import annotations

from datetime import date

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
