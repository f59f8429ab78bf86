"""Accounts follow the identity provider: what it says of a person is merged into our row.

Every way by which news of a person arrives (sign-in, sync, webhook, reconciliation) ends in
`merge`, so that they all obey the same rules.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import structlog

from akako.identity import roles
from akako.identity.statements import CREATE, FACTS, FAREWELL, FORGET, LOCK, UPDATE
from akako.kernel.core import text
from akako.kernel.core.access import ADMIN, Policy
from akako.kernel.core.errors import ApiError, Conflict, ServiceUnavailable
from akako.kernel.core.ids import new_id
from akako.kernel.core.ports import Directory, DirectoryUser
from akako.kernel.db import audit
from akako.kernel.db.database import Database, retried
from akako.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

MAX_NAME = 100
ASKING_SECONDS = 3.0
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Merged(msgspec.Struct, frozen=True):
    """The outcome of a merge. `changed`: whether anything that others can see is different now."""

    user_id: str
    created: bool = False
    changed: bool = False
    suspended: bool = False


class Tombstoned(Exception):
    """The person was deleted; late news of them must not bring them back."""


class EmailTaken(Exception):
    """Another active row holds the address."""

    def __init__(self, clerk_id: str, email: str) -> None:
        self.clerk_id = clerk_id
        self.email = email
        super().__init__(clerk_id)


def search_key(email: str | None, first_name: str | None, last_name: str | None) -> str:
    """What the search over users looks into: the address, and the full name."""
    full = text.name_key(f"{first_name or ''} {last_name or ''}")
    return f"{text.name_key(email or '')}\n{full}"


def tidy_name(name: str | None) -> str | None:
    """A name from outside, made storable instead of being refused."""
    cleaned = unicodedata.normalize("NFC", UNSAFE.sub("", name or "")).strip()[:MAX_NAME].strip()
    return cleaned or None


async def merge(
    db: Database,
    person: DirectoryUser,
    policy: Policy,
    *,
    keep_clash: bool = False,
    only_new: bool = False,
) -> Merged:
    """Create or update the account of a person, in one transaction.

    Roles and plan are never taken from outside and existing ones never touched. Raise Tombstoned,
    and EmailTaken unless `keep_clash`: then the newcomer stays without an address. With `only_new`
    an account that is there already stays as it is.
    """

    async def work(tx: Database) -> Merged:
        await tx.execute(f"select {LOCK.format('$1')}", person.id)
        return await merge_locked(tx, person, policy, keep_clash=keep_clash, only_new=only_new)

    return await retried(db, work)


async def merge_locked(
    tx: Database, person: DirectoryUser, policy: Policy, *, keep_clash: bool, only_new: bool
) -> Merged:
    """As `merge`, in a transaction that holds LOCK already and is run anew on a unique violation.

    That comes of an address which somebody else took in this very moment.
    """
    email = _usable_email(person)
    key = email and text.email_key(email)
    row = await tx.fetchrow(FACTS, person.id, key)
    assert row is not None
    if row["buried"]:
        raise Tombstoned
    if row["id"] is not None and (only_new or _is_older(person, row["clerk_updated_at"])):
        return Merged(row["id"], suspended=row["clerk_suspended"])
    if holder := row["holder"]:
        if not keep_clash:
            raise EmailTaken(holder, email or "")
        email = key = None
        metrics.alert("email_clash")
        after = {"holder": holder}
        await audit.record(tx, None, "user.email_clash", "user", person.id, after=after)
    if row["id"] is None:
        return await _create(tx, person, email, key, policy)
    return await _update(tx, row, person, email, key)


def _usable_email(person: DirectoryUser) -> str | None:
    email = person.primary_email
    if email is None or len(email) > text.MAX_EMAIL or UNSAFE.search(email):
        return None
    return email


def _is_older(person: DirectoryUser, known: int | None) -> bool:
    return known is not None and (person.updated_at is None or person.updated_at < known)


async def _create(
    tx: Database, person: DirectoryUser, email: str | None, key: str | None, policy: Policy
) -> Merged:
    user_id = new_id()
    first, last = tidy_name(person.first_name), tidy_name(person.last_name)
    suspended = person.banned or person.locked
    await tx.execute(
        CREATE,
        user_id,
        person.id,
        email,
        key,
        first,
        last,
        person.image_url,
        "SUSPENDED" if suspended else "ACTIVE",
        policy.default_plan,
        search_key(email, first, last),
        person.updated_at,
        suspended,
        new_id(),
        new_id(),
    )
    if person.id in policy.bootstrap_admins:
        await roles.open_window(tx, user_id, ADMIN, assigned_by=None)
        await audit.record(tx, None, "user_role.bootstrap", "user", user_id, after={"role": ADMIN})
    return Merged(user_id, created=True, changed=True, suspended=suspended)


async def _update(
    tx: Database, row: asyncpg.Record, person: DirectoryUser, email: str | None, key: str | None
) -> Merged:
    # A local edit survives until the name changes at the provider too.
    first, last = tidy_name(person.first_name), tidy_name(person.last_name)
    local_first = row["first_name"] if first == row["clerk_first_name"] else first
    local_last = row["last_name"] if last == row["clerk_last_name"] else last
    image = row["image_url"]
    if person.image_url != row["clerk_image_url"]:
        image = person.image_url
    suspended = person.banned or person.locked
    changed = await tx.fetchval(
        UPDATE,
        row["id"],
        email,
        key,
        local_first,
        local_last,
        image,
        _status(row, suspended),
        search_key(email, local_first, local_last),
        person.updated_at if person.updated_at is not None else row["clerk_updated_at"],
        first,
        last,
        person.image_url,
        suspended,
    )
    return Merged(row["id"], changed=bool(changed), suspended=suspended)


def _status(row: asyncpg.Record, suspended: bool) -> str:
    """A ban there suspends here, and its end lifts that; our own decisions stay."""
    if suspended:
        return "SUSPENDED"
    return "ACTIVE" if row["clerk_suspended"] else str(row["status"])


async def forget(db: Database, clerk_id: str) -> bool:
    """Erase a user who was deleted at the identity provider; return whether the user was known.

    A trigger on `users` erases the personal data in the tables of all rooms. The row itself and the
    audit entries stay, with ids only.
    """
    async with db.transaction() as tx:
        await tx.execute(f"select {LOCK.format('$1')}", clerk_id)
        return await forget_locked(tx, clerk_id)


async def forget_locked(tx: Database, clerk_id: str) -> bool:
    """As `forget`, in a transaction that holds LOCK already."""
    user_id = await tx.fetchval(FORGET, clerk_id)
    if user_id is None:
        return False
    if not await tx.fetchval(FAREWELL, user_id, new_id()):
        log.error("no_admin_left", user_id=user_id)
        metrics.alert("no_admin_left")
    return True


@asynccontextmanager
async def patience() -> AsyncIterator[None]:
    """However many questions to the provider one request takes, its caller waits only so long."""
    try:
        async with asyncio.timeout(ASKING_SECONDS):
            yield
    except TimeoutError:
        raise ServiceUnavailable(retry_after=1) from None


async def settle(
    db: Database, directory: Directory, person: DirectoryUser, policy: Policy
) -> Merged:
    """Merge, and where another row holds the address, ask the provider whether it still should.

    Accounts are never linked by address. Raise Conflict when the address is rightly the other's.
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
                await forget(db, clash.clerk_id)
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
