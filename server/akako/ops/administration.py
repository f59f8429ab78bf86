"""Administrative actions that an operator runs from the command line, without signing in."""

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
    """The action failed; the message is one line for the operator."""


async def grant_admin(
    db: Database,
    directory: Directory | None,
    policy: Policy,
    *,
    clerk_id: str | None,
    email: str | None,
) -> str:
    """Give a user the role ADMIN without an end; return the user's Clerk id. Idempotent.

    With `email` only an account whose address is verified matches. An address that an earlier
    version stored unverified is compared with the identity provider first.
    """
    row = await _find(db, clerk_id, email)
    if row is None and email is not None:
        await _verify(db, directory, policy, email)
        row = await _find(db, None, email)
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
) -> str:
    """Put a user or an organization on a plan, from the next request on; return its Clerk id."""
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
            return organization
        row = await _find(tx, clerk_id, email)
        if row is None:
            raise AdministrationError(f"no account has {_named(clerk_id, email)}")
        await tx.execute(
            "update users set plan = $2, updated_at = now() where id = $1", row["id"], plan
        )
        await audit.record(tx, None, "user.plan", "user", row["id"], after={"plan": plan})
        return str(row["clerk_id"])


def _named(clerk_id: str | None, email: str | None) -> str:
    return f"the Clerk id {clerk_id}" if clerk_id else f"the verified e-mail address {email}"


async def _find(db: Database, clerk_id: str | None, email: str | None) -> asyncpg.Record | None:
    return await db.fetchrow(
        """
        select id, clerk_id from users
        where deleted_at is null
          and (clerk_id = $1 or (email_key = $2 and email_verified_at is not null))
        """,
        clerk_id,
        text.email_key(email) if email else None,
    )


async def _verify(db: Database, directory: Directory | None, policy: Policy, email: str) -> None:
    """Ask the provider about the account that holds an address whose verification is unknown."""
    sql = """
    select clerk_id from users
    where email_key = $1 and email_verified_at is null and deleted_at is null
    """
    clerk_id = await db.fetchval(sql, text.email_key(email))
    if clerk_id is not None and directory is not None:
        await _settle(db, directory, policy, clerk_id)


async def _fetch(
    db: Database,
    directory: Directory | None,
    policy: Policy,
    clerk_id: str | None,
    email: str | None,
) -> asyncpg.Record:
    """Create the account of a user who has not signed in yet from the provider's data."""
    if clerk_id is None or directory is None:
        raise AdministrationError(
            f"no account has {_named(clerk_id, email)}: the user must sign in once, or give "
            "--clerk-id with AKAKO_CLERK_SECRET_KEY set"
        )
    await _settle(db, directory, policy, clerk_id)
    row = await _find(db, clerk_id, None)
    assert row is not None
    return row


async def _settle(db: Database, directory: Directory, policy: Policy, clerk_id: str) -> None:
    try:
        person = await directory.get_user(clerk_id)
        if person is None:
            raise AdministrationError(f"the identity provider has no user {clerk_id}")
        await accounts.merge_or_resolve(db, directory, person, policy)
    except (ApiError, Tombstoned) as error:
        raise AdministrationError(f"{clerk_id} could not be fetched: {error}") from error
