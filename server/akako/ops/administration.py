"""What an operator may do from the command line, without signing in."""

from __future__ import annotations

import asyncpg

from akako.identity import accounts, roles
from akako.identity.accounts import Tombstoned
from akako.kernel.core import text
from akako.kernel.core.access import ADMIN, Policy
from akako.kernel.core.errors import ApiError
from akako.kernel.core.ports import Directory
from akako.kernel.db import audit
from akako.kernel.db.database import Database


class AdministrationError(Exception):
    """It cannot be done; the message is one line for the operator."""


async def grant_admin(
    db: Database,
    directory: Directory | None,
    policy: Policy,
    *,
    clerk_id: str | None,
    email: str | None,
) -> str:
    """Make somebody an administrator for good, from now; return their Clerk id. Idempotent."""
    row = await _find(db, clerk_id, email)
    if row is None:
        row = await _fetch(db, directory, policy, clerk_id, email)
    async with db.transaction() as tx:
        await roles.lock_admins(tx)
        held = await tx.fetchval(
            "select exists (select from user_roles where user_id = $1 and role = 'ADMIN' "
            "and effective_start <= now() and effective_end is null)",
            row["id"],
        )
        if not held:
            await roles.close_window(tx, row["id"], ADMIN, revoked_by=None)
            await roles.open_window(tx, row["id"], ADMIN, assigned_by=None)
            granted = {"role": ADMIN}
            await audit.record(tx, None, "user_role.assigned", "user", row["id"], after=granted)
    return str(row["clerk_id"])


async def set_plan(
    db: Database,
    plan: str,
    *,
    clerk_id: str | None = None,
    email: str | None = None,
    organization: str | None = None,
) -> None:
    """Put a user, or everybody in an organisation, on a plan; it applies at the next request."""
    async with db.transaction() as tx:
        if organization:
            await tx.execute(
                """
                insert into organizations (id, plan) values ($1, $2)
                on conflict (id) do update set plan = excluded.plan, updated_at = now()
                """,
                organization,
                plan,
            )
            await audit.record(
                tx, None, "organization.plan", "organization", organization, after={"plan": plan}
            )
            return
        row = await _find(tx, clerk_id, email)
        if row is None:
            raise AdministrationError(f"nobody here is {clerk_id or email}")
        await tx.execute(
            "update users set plan = $2, updated_at = now() where id = $1", row["id"], plan
        )
        await audit.record(tx, None, "user.plan", "user", row["id"], after={"plan": plan})


async def _find(db: Database, clerk_id: str | None, email: str | None) -> asyncpg.Record | None:
    return await db.fetchrow(
        """
        select id, clerk_id from users
        where deleted_at is null and (clerk_id = $1 or email_key = $2)
        """,
        clerk_id,
        text.email_key(email) if email else None,
    )


async def _fetch(
    db: Database,
    directory: Directory | None,
    policy: Policy,
    clerk_id: str | None,
    email: str | None,
) -> asyncpg.Record:
    """Somebody who has not signed in yet: ask the identity provider."""
    if clerk_id is None or directory is None:
        raise AdministrationError(
            f"nobody here is {clerk_id or email}: let them sign in once, or give --clerk-id "
            "with AKAKO_CLERK_SECRET_KEY set"
        )
    try:
        person = await directory.get_user(clerk_id)
        if person is None:
            raise AdministrationError(f"the identity provider knows no {clerk_id}")
        await accounts.settle(db, directory, person, policy)
    except (ApiError, Tombstoned) as error:
        raise AdministrationError(f"{clerk_id} could not be fetched: {error}") from error
    row = await _find(db, clerk_id, None)
    assert row is not None
    return row
