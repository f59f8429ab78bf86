"""Accounts follow the identity provider: what it says of a person is merged into our row.

Every way by which news of a person arrives (sign-in, sync, webhook, reconciliation) ends in
`merge`, so that they all obey the same rules.
"""

from __future__ import annotations

import re
import unicodedata

import asyncpg
import msgspec
import structlog

from akako.identity import roles
from akako.kernel import audit, jobs, metrics, text
from akako.kernel.access import ADMIN, LEARNER
from akako.kernel.database import Database
from akako.kernel.errors import ApiError, Conflict
from akako.kernel.ids import new_id
from akako.kernel.ports import Directory, DirectoryUser

log = structlog.get_logger(__name__)

MAX_NAME = 100
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a new account is given."""

    default_plan: str = "FREE"
    bootstrap_admins: tuple[str, ...] = ()


class Merged(msgspec.Struct, frozen=True):
    """The outcome of a merge. `applied` is false where our row knew newer facts already."""

    user_id: str
    created: bool
    applied: bool
    suspended: bool


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
    db: Database, person: DirectoryUser, policy: Policy, *, keep_clash: bool = False
) -> Merged:
    """Create or update the account of a person, in one transaction.

    Roles and plan are never taken from outside and existing ones never touched. Raise Tombstoned,
    and EmailTaken unless `keep_clash`: then the newcomer stays without an address.
    """
    async with db.transaction() as tx:
        await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 1))", person.id)
        if await tx.fetchval("select true from user_tombstones where clerk_id = $1", person.id):
            raise Tombstoned
        row = await tx.fetchrow("select * from users where clerk_id = $1 for update", person.id)
        email = await _free_email(tx, person, keep_clash=keep_clash)
        try:
            async with tx.transaction():
                if row is None:
                    return await _create(tx, person, email, policy)
                return await _update(tx, row, person, email)
        except asyncpg.UniqueViolationError:
            # Somebody took the address in this very moment.
            if not keep_clash:
                raise EmailTaken(person.id, email or "") from None
            return await merge_without_email(tx, row, person, policy)


async def merge_without_email(
    tx: Database, row: asyncpg.Record | None, person: DirectoryUser, policy: Policy
) -> Merged:
    if row is None:
        return await _create(tx, person, None, policy)
    return await _update(tx, row, person, None)


async def _free_email(tx: Database, person: DirectoryUser, *, keep_clash: bool) -> str | None:
    email = person.primary_email
    if email is None or len(email) > text.MAX_EMAIL or UNSAFE.search(email):
        return None
    holder = await tx.fetchval(
        "select clerk_id from users where email_key = $1 and deleted_at is null and clerk_id <> $2",
        text.email_key(email),
        person.id,
    )
    if holder is None:
        return email
    if not keep_clash:
        raise EmailTaken(holder, email)
    metrics.alert("email_clash")
    await audit.record(tx, None, "user.email_clash", "user", person.id, after={"holder": holder})
    return None


async def _create(tx: Database, person: DirectoryUser, email: str | None, policy: Policy) -> Merged:
    user_id = new_id()
    first, last = tidy_name(person.first_name), tidy_name(person.last_name)
    suspended = person.banned or person.locked
    await tx.execute(
        """
        insert into users (id, clerk_id, email, email_key, first_name, last_name, image_url, status,
            plan, search_key, clerk_updated_at, clerk_first_name, clerk_last_name, clerk_image_url,
            clerk_suspended, last_synced_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $5, $6, $7, $12, now())
        """,
        user_id,
        person.id,
        email,
        email and text.email_key(email),
        first,
        last,
        person.image_url,
        "SUSPENDED" if suspended else "ACTIVE",
        policy.default_plan,
        search_key(email, first, last),
        person.updated_at,
        suspended,
    )
    await roles.open_window(tx, user_id, LEARNER, assigned_by=None)
    if person.id in policy.bootstrap_admins:
        await roles.open_window(tx, user_id, ADMIN, assigned_by=None)
        await audit.record(tx, None, "user_role.bootstrap", "user", user_id, after={"role": ADMIN})
    await jobs.announce(tx, "user.created", {"userId": user_id})
    return Merged(user_id, created=True, applied=True, suspended=suspended)


async def _update(
    tx: Database, row: asyncpg.Record, person: DirectoryUser, email: str | None
) -> Merged:
    known = row["clerk_updated_at"]
    if known is not None and (person.updated_at is None or person.updated_at < known):
        return Merged(row["id"], False, applied=False, suspended=row["clerk_suspended"])
    # A local edit survives until the name changes at the provider too.
    first, last = tidy_name(person.first_name), tidy_name(person.last_name)
    local_first = row["first_name"] if first == row["clerk_first_name"] else first
    local_last = row["last_name"] if last == row["clerk_last_name"] else last
    image = row["image_url"]
    if person.image_url != row["clerk_image_url"]:
        image = person.image_url
    suspended = person.banned or person.locked
    await tx.execute(
        """
        update users set email = $2, email_key = $3, first_name = $4, last_name = $5,
            image_url = $6, status = $7, search_key = $8, clerk_updated_at = $9,
            clerk_first_name = $10, clerk_last_name = $11, clerk_image_url = $12,
            clerk_suspended = $13, last_synced_at = now(),
            updated_at = case when (email, first_name, last_name, image_url, status)
                is distinct from ($2, $4, $5, $6, $7) then now() else updated_at end
        where id = $1
        """,
        row["id"],
        email,
        email and text.email_key(email),
        local_first,
        local_last,
        image,
        _status(row, suspended),
        search_key(email, local_first, local_last),
        person.updated_at if person.updated_at is not None else known,
        first,
        last,
        person.image_url,
        suspended,
    )
    return Merged(row["id"], created=False, applied=True, suspended=suspended)


def _status(row: asyncpg.Record, suspended: bool) -> str:
    """A ban there suspends here, and its end lifts that; our own decisions stay."""
    if suspended:
        return "SUSPENDED"
    return "ACTIVE" if row["clerk_suspended"] else str(row["status"])


async def forget(db: Database, clerk_id: str) -> bool:
    """The person was deleted at the provider: remember that, and drop personal data.

    Return whether we knew them. The row and the audit trail stay, without anything personal.
    """
    async with db.transaction() as tx:
        await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 1))", clerk_id)
        await tx.execute(
            "insert into user_tombstones (clerk_id) values ($1) on conflict do nothing", clerk_id
        )
        user_id = await tx.fetchval(
            """
            update users set deleted_at = now(), updated_at = now(), status = 'INACTIVE',
                email = null, email_key = null, first_name = null, last_name = null,
                image_url = null, search_key = '', clerk_first_name = null, clerk_last_name = null,
                clerk_image_url = null
            where clerk_id = $1 and deleted_at is null returning id
            """,
            clerk_id,
        )
        if user_id is None:
            return False
        await roles.close_all(tx, user_id)
        await audit.forget(tx, user_id)
        await audit.record(tx, None, "user.deleted", "user", user_id)
        await jobs.announce(tx, "user.deleted", {"userId": user_id})
        if not await roles.has_lasting_admin(tx):
            log.error("no_admin_left", user_id=user_id)
            metrics.alert("no_admin_left")
        return True


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
