"""SQL that reads a caller's account."""

from __future__ import annotations

import asyncpg

from akako.identity.queries import EFFECTIVE
from akako.kernel.db.database import Database


def actor_columns(session: str, organization: str) -> str:
    """Return the select list of a caller `u`, from the SQL of the ids in the token or session."""
    return f"""
    u.id, u.status, u.plan, u.deleted_at is not null as deleted,
    (select plan from organizations where id = {organization}) as organization_plan,
    array(select r.role from user_roles r where r.user_id = u.id and {EFFECTIVE}) as roles,
    exists (select from ended_sessions where session_id = {session}) as ended
    """


ACTOR = f"select {actor_columns('$2', '$3')} from users u where u.clerk_id = $1"


async def find_actor(
    db: Database,
    clerk_id: str,
    session_id: str | None = None,
    organization_id: str | None = None,
) -> asyncpg.Record | None:
    """Return id, status, plan and effective roles of a caller, in one statement."""
    return await db.fetchrow(ACTOR, clerk_id, session_id, organization_id)
