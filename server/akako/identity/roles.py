"""Dated roles. Windows are closed, never deleted, so that the history stays complete."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from akako.kernel.core.errors import Conflict, LastAdmin
from akako.kernel.core.ids import new_id
from akako.kernel.db import locks
from akako.kernel.db.database import Database

LASTING_ADMIN = """
select exists (
    select from user_roles r join users u on u.id = r.user_id
    where r.role = 'ADMIN' and r.effective_start <= now() and r.effective_end is null
      and u.status = 'ACTIVE' and u.deleted_at is null
)
"""

CLOSE_ALL = """
update user_roles set effective_end = greatest(effective_start, now())
where user_id = $1 and (effective_end is null or effective_end > now())
returning role
"""


async def open_window(
    tx: Database,
    user_id: str,
    role: str,
    *,
    assigned_by: str | None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> str:
    """Assign a role from `start` (default: now) to `end` (default: open); return the window's id.

    Raises Conflict if the window overlaps another one of the same role.
    """
    role_id = new_id()
    sql = """
    insert into user_roles (id, user_id, role, effective_start, effective_end, assigned_by)
    values ($1, $2, $3, coalesce($4, now()), $5, $6)
    """
    try:
        async with tx.transaction():
            await tx.execute(sql, role_id, user_id, role, start, end, assigned_by)
    except asyncpg.ExclusionViolationError:
        raise Conflict("user_role", "role", role) from None
    return role_id


async def close_window(tx: Database, user_id: str, role: str, *, revoked_by: str | None) -> bool:
    """Close the effective window and cancel future ones; return whether there was any."""
    # clock_timestamp(), not now(): another removal may have committed since this one began.
    closed = await tx.fetch(
        """
        update user_roles set effective_end = greatest(effective_start, now()), revoked_by = $3
        where user_id = $1 and role = $2
          and (effective_end is null or effective_end > clock_timestamp())
          and effective_end is distinct from effective_start
        returning id
        """,
        user_id,
        role,
        revoked_by,
    )
    return bool(closed)


async def has_lasting_admin(tx: Database) -> bool:
    return bool(await tx.fetchval(LASTING_ADMIN))


async def lock_admins(tx: Database) -> None:
    """Serialize changes of administrators: hold an advisory lock until the commit."""
    await tx.execute("select pg_advisory_xact_lock($1)", locks.ADMINS)


async def keep_one_admin(tx: Database) -> None:
    """Raise LastAdmin if no active user holds ADMIN without an end. Call under `lock_admins`."""
    if not await has_lasting_admin(tx):
        raise LastAdmin


async def holds(tx: Database, user_id: str, role: str) -> bool:
    """Return whether the role is effective now."""
    return bool(
        await tx.fetchval(
            """
            select exists (select from user_roles where user_id = $1 and role = $2
                and effective_start <= now() and (effective_end is null or effective_end > now()))
            """,
            user_id,
            role,
        )
    )
