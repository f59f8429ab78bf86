"""Merge the data of the identity provider into accounts.

Sign-in, sync, webhooks and reconciliation all end in `merge`, so the same rules apply.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import structlog

from akako.identity import roles, statements
from akako.identity.statements import LOCK
from akako.kernel.core import search_keys, text
from akako.kernel.core.access import ADMIN, Policy
from akako.kernel.core.errors import ApiError, Conflict, ServiceUnavailable
from akako.kernel.core.ids import new_id
from akako.kernel.core.ports import Directory, DirectoryUser
from akako.kernel.db import audit
from akako.kernel.db.database import Database, retried
from akako.kernel.telemetry import metrics
from akako.naming.sort_keys import person_sort_keys
from akako.naming.storable import storable_email, storable_name

log = structlog.get_logger(__name__)

PROVIDER_SECONDS = 3.0


class Merged(msgspec.Struct, frozen=True):
    """The result of a merge. `changed` is true if visible data differs."""

    user_id: str
    created: bool = False
    changed: bool = False
    suspended: bool = False


class Tombstoned(Exception):
    """The person was deleted; later messages must not restore the account."""


class EmailTaken(Exception):
    """Another active account holds the address."""

    def __init__(self, clerk_id: str, email: str) -> None:
        self.clerk_id = clerk_id
        self.email = email
        super().__init__(clerk_id)


def search_key(
    email: str | None, first_name: str | None, last_name: str | None, username: str | None = None
) -> str:
    """Return the text that the user search matches: address, full name and username, by line."""
    full = search_keys.person_key(first_name or "", last_name or "")
    key = f"{search_keys.fold(email or '')}\n{full}"
    return f"{key}\n{search_keys.fold(username)}" if username else key


async def merge(
    db: Database,
    person: DirectoryUser,
    policy: Policy,
    *,
    keep_clash: bool = False,
    only_new: bool = False,
) -> Merged:
    """Create or update the account of a person, in one transaction.

    Roles and plan never come from the provider, and existing ones are never changed. With
    `keep_clash` a person whose address another account holds is stored without an address. With
    `only_new` an existing account is not changed.

    Raises:
        Tombstoned: the person was deleted.
        EmailTaken: another account holds the address, verified, and `keep_clash` is false.
    """

    async def work(tx: Database) -> Merged:
        await tx.execute(f"select {LOCK.format('$1')}", person.id)
        return await merge_locked(tx, person, policy, keep_clash=keep_clash, only_new=only_new)

    return await retried(db, work)


async def merge_locked(
    tx: Database, person: DirectoryUser, policy: Policy, *, keep_clash: bool, only_new: bool
) -> Merged:
    """Do the same as `merge`, in a transaction that already holds LOCK.

    The caller must retry on a unique violation: a concurrent transaction took the same address.
    """
    email = storable_email(person.primary_email)
    key = email and text.email_key(email)
    row = await tx.fetchrow(statements.FACTS, person.id, key)
    assert row is not None
    if row["deleted"]:
        raise Tombstoned
    if row["id"] is not None and (only_new or _is_older(person, row["clerk_updated_at"])):
        return Merged(row["id"], suspended=row["clerk_suspended"])
    holder = row["holder"]
    if holder and (displaced := await tx.fetchval(statements.DISPLACE, key, person.id)):
        metrics.alert("email_displaced")
        after = {"owner": person.id}
        await audit.record(tx, None, "user.email_displaced", "user", displaced, after=after)
    elif holder:
        if not keep_clash:
            raise EmailTaken(holder, email or "")
        email = key = None
        metrics.alert("email_clash")
        after = {"holder": holder}
        await audit.record(tx, None, "user.email_clash", "user", person.id, after=after)
    if row["id"] is None:
        return await _create(tx, person, email, key, policy)
    return await _update(tx, row, person, email, key)


def _is_older(person: DirectoryUser, known: int | None) -> bool:
    return known is not None and (person.updated_at is None or person.updated_at < known)


async def _create(
    tx: Database, person: DirectoryUser, email: str | None, key: str | None, policy: Policy
) -> Merged:
    user_id = new_id()
    first, last = storable_name(person.first_name), storable_name(person.last_name)
    username = storable_name(person.username)
    suspended = person.banned or person.locked
    status = "SUSPENDED" if suspended else "ACTIVE"
    stored = (email, key, first, last, person.image_url, status, policy.default_plan)
    searched = search_key(email, first, last, username)
    sorts = person_sort_keys(first, last, username)
    known = (searched, person.updated_at, suspended, new_id(), new_id(), username, *sorts)
    await tx.execute(statements.CREATE, user_id, person.id, *stored, *known)
    if person.id in policy.bootstrap_admins:
        await roles.open_window(tx, user_id, ADMIN, assigned_by=None)
        await audit.record(tx, None, "user_role.bootstrap", "user", user_id, after={"role": ADMIN})
    return Merged(user_id, created=True, changed=True, suspended=suspended)


async def _update(
    tx: Database, row: asyncpg.Record, person: DirectoryUser, email: str | None, key: str | None
) -> Merged:
    # A local edit survives until the name changes at the provider too.
    first, last = storable_name(person.first_name), storable_name(person.last_name)
    local_first = row["first_name"] if first == row["clerk_first_name"] else first
    local_last = row["last_name"] if last == row["clerk_last_name"] else last
    image = row["image_url"]
    if person.image_url != row["clerk_image_url"]:
        image = person.image_url
    username = storable_name(person.username)
    suspended = person.banned or person.locked
    stored = (email, key, local_first, local_last, image, _status(row, suspended))
    searched = search_key(email, local_first, local_last, username)
    updated_at = row["clerk_updated_at"] if person.updated_at is None else person.updated_at
    shadows = (first, last, person.image_url, suspended, username)
    sorts = person_sort_keys(local_first, local_last, username)
    changed = await tx.fetchval(
        statements.UPDATE, row["id"], *stored, searched, updated_at, *shadows, *sorts
    )
    return Merged(row["id"], changed=bool(changed), suspended=suspended)


def _status(row: asyncpg.Record, suspended: bool) -> str:
    """Return the status: a ban suspends, its end reactivates; an administrator's decision stays."""
    if suspended:
        return "SUSPENDED"
    return "ACTIVE" if row["clerk_suspended"] else str(row["status"])


async def erase(db: Database, clerk_id: str) -> bool:
    """Erase a user who was deleted at the identity provider; return whether the user was known.

    A trigger on `users` erases the personal data in the tables of all rooms. The row itself and the
    audit entries stay, with ids only.
    """
    async with db.transaction() as tx:
        await tx.execute(f"select {LOCK.format('$1')}", clerk_id)
        return await erase_locked(tx, clerk_id)


async def erase_locked(tx: Database, clerk_id: str) -> bool:
    """Do the same as `erase`, in a transaction that already holds LOCK."""
    user_id = await tx.fetchval(statements.ERASE, clerk_id)
    if user_id is None:
        return False
    if not await tx.fetchval(statements.END_ROLES_AND_RECORD, user_id, new_id()):
        log.error("no_admin_left", user_id=user_id)
        metrics.alert("no_admin_left")
    return True


@asynccontextmanager
async def provider_time_limit() -> AsyncIterator[None]:
    """Limit the total time that a request waits for the identity provider."""
    try:
        async with asyncio.timeout(PROVIDER_SECONDS):
            yield
    except TimeoutError:
        raise ServiceUnavailable(retry_after=1) from None


async def merge_or_resolve(
    db: Database, directory: Directory, person: DirectoryUser, policy: Policy
) -> Merged:
    """Merge; if another account holds the address, check that account at the provider first.

    Accounts are never linked by address. Raises Conflict if the other account still owns it.
    """
    try:
        return await merge(db, person, policy)
    except EmailTaken as clash:
        holder = None
        if clash.clerk_id != person.id:
            try:
                holder = await directory.get_user(clash.clerk_id)
            except ApiError:
                log.warning("email_holder_unknown", holder=clash.clerk_id)
                raise
            if holder is None:
                await erase(db, clash.clerk_id)
            elif text.email_key(holder.primary_email or "") != text.email_key(clash.email):
                await merge(db, holder, policy, keep_clash=True)
        try:
            return await merge(db, person, policy)
        except EmailTaken as still:
            log.warning("email_conflict", newcomer=person.id, holder=still.clerk_id)
            metrics.alert("email_conflict")
            after = {"holder": still.clerk_id}
            await audit.record(db, None, "user.link_conflict", "user", person.id, after=after)
            raise Conflict("user", "email", clash.email) from None
