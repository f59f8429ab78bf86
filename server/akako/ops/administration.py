"""Administration from the command line, without signing in."""

from __future__ import annotations

import asyncpg

from akako.identity import accounts, roles
from akako.identity.accounts import Tombstoned
from akako.kernel.core import text
from akako.kernel.core.access import ADMIN, Policy
from akako.kernel.core.errors import ApiError, LastAdmin
from akako.kernel.core.ports import Directory
from akako.kernel.db import audit
from akako.kernel.db.database import Database

STATUS = """
select
    (select count(*) from users where deleted_at is null) as users,
    (
        select count(distinct u.id) from users u join user_roles r on r.user_id = u.id
        where r.role = 'ADMIN' and u.status = 'ACTIVE' and u.deleted_at is null
          and r.effective_start <= now()
          and (r.effective_end is null or r.effective_end > now())
    ) as administrators,
    (select count(*) from documents) as documents,
    (select count(*) from procrastinate_jobs where status = 'failed') as failed_jobs,
    (select count(*) from webhook_dead_letters) as dead_letters
"""


class AdministrationError(Exception):
    """The action is impossible. The message is one line for the operator."""


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

    Raises:
        AdministrationError: No such user is known, here or at the identity provider.
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


async def revoke_admin(db: Database, *, clerk_id: str | None, email: str | None) -> str:
    """End the role ADMIN of a user now; return the Clerk id.

    Raises:
        AdministrationError: The user is unknown, is no administrator, or is the last one.
    """
    row = await _require(db, clerk_id, email)
    try:
        async with db.transaction() as tx:
            await roles.lock_admins(tx)
            if not await roles.close_window(tx, row["id"], ADMIN, revoked_by=None):
                raise AdministrationError(f"{row['clerk_id']} is not an administrator")
            await roles.keep_one_admin(tx)
            removed = {"role": ADMIN}
            await audit.record(tx, None, "user_role.removed", "user", row["id"], before=removed)
    except LastAdmin:
        raise AdministrationError(
            f"{row['clerk_id']} is the last administrator: grant the role to another user first"
        ) from None
    return str(row["clerk_id"])


async def list_admins(db: Database) -> list[asyncpg.Record]:
    """Return clerk_id, email, status, and the role's start and end, oldest role first."""
    return await db.fetch(
        """
        select u.clerk_id, u.email, u.status, r.effective_start, r.effective_end
        from user_roles r join users u on u.id = r.user_id
        where r.role = 'ADMIN' and u.deleted_at is null
          and (r.effective_end is null or r.effective_end > now())
        order by r.effective_start, u.id
        """
    )


async def status(db: Database) -> dict[str, int]:
    """Return the numbers of users, administrators, documents, failed jobs and dead letters."""
    row = await db.fetchrow(STATUS)
    assert row
    return dict(row)


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
        row = await _require(tx, clerk_id, email)
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


async def _require(db: Database, clerk_id: str | None, email: str | None) -> asyncpg.Record:
    row = await _find(db, clerk_id, email)
    if row is None:
        raise AdministrationError(f"no user has {_named(clerk_id, email)}")
    return row


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
            f"no user has {_named(clerk_id, email)}: the user must sign in once, or give "
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
