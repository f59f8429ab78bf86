"""SQL about the caller of a write, in its transaction."""

from __future__ import annotations

import asyncpg

from akako.kernel.db.database import Database


async def current_actor(
    tx: Database, user_id: str, session_id: str | None, organization_id: str | None
) -> asyncpg.Record | None:
    """Lock the account against changes, then read status, plans, roles and the session's end."""
    sql = "select * from current_actor($1, $2, $3)"
    return await tx.fetchrow(sql, user_id, session_id, organization_id)


async def lock_user(tx: Database, user_id: str) -> None:
    """Make other transactions of this account wait. Call before `current_actor`, not after it."""
    await tx.execute("select from users where id = $1 for no key update", user_id)


def confirmed(user: str, session: str, organization: str, roles: str) -> str:
    """Return an expression that checks the actor's authority, from the SQL of the actor's fields.

    It raises InsufficientPrivilegeError, which undoes the statement, unless the account may do what
    it could when the request began. PostgreSQL evaluates the expressions of a select list after the
    changes that the selected rows come from, and their waits for locks.
    """
    return f"confirm_actor({user}::text, {session}::text, {organization}::text, {roles}::text[])"
