"""Business rules of users and roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from akako.identity import accounts, queries, roles
from akako.identity.accounts import Merged, Tombstoned
from akako.identity.callers.actors import load_actor, rejected
from akako.identity.schemas import (
    AdminUser,
    Profile,
    ProfileUpdate,
    RoleAssigned,
    RoleGrant,
    UserUpdate,
)
from akako.kernel.core import etags, text, validation
from akako.kernel.core.access import ADMIN, Actor, Policy, refuse_impersonated
from akako.kernel.core.errors import Conflict, NotFound, Unauthorized, ValidationFailed
from akako.kernel.core.ports import Claims, Directory
from akako.kernel.db import audit
from akako.kernel.db.confirmed import confirm_now
from akako.kernel.db.database import Database
from akako.naming.sort_keys import person_sort_keys

PAST_TOLERANCE = timedelta(seconds=60)
FAR_FUTURE = timedelta(days=3653)
Echoed = Mapping[str, Any]


async def sync_caller(
    db: Database, directory: Directory | None, claims: Claims, hint: str | None, policy: Policy
) -> Merged:
    """Update the caller's account. Reject a hint that names another user."""
    if hint is not None and hint != claims.subject:
        raise rejected(claims, "The token belongs to another user", "user_mismatch")
    if directory is None:
        # Without a provider an existing account stays as it is; a missing one is an error.
        facts = await load_actor(db, None, claims, policy, provision=True, ip=None, request_id=None)
        return Merged(facts.user_id)
    unknown = Unauthorized("invalid")
    merged = await _sync(db, directory, claims.subject, None, policy, unknown=unknown)
    if merged.suspended:
        raise rejected(claims, "Account is not active", "account_inactive")
    # Raises if the session has ended or the account is not active.
    await load_actor(db, directory, claims, policy, provision=False, ip=None, request_id=None)
    return merged


async def sync_named(
    db: Database, directory: Directory, clerk_id: str, email: str | None, policy: Policy
) -> Merged:
    """Update the row of a named user with the provider's data and nothing else.

    The caller is anonymous. An unknown id and an address of another user get the same response, a
    banned user the same as any other, and a conflict shows no address that was not sent.
    """
    unknown = ValidationFailed.of("userId", "User could not be verified", clerk_id)
    try:
        return await _sync(db, directory, clerk_id, email, policy, unknown=unknown)
    except Conflict as problem:
        same = email and text.email_key(email) == text.email_key(problem.details["value"])
        problem.details["value"] = email if same else None
        raise


async def _sync(
    db: Database,
    directory: Directory,
    clerk_id: str,
    email: str | None,
    policy: Policy,
    *,
    unknown: Exception,
) -> Merged:
    try:
        async with accounts.provider_time_limit():
            person = await directory.get_user(clerk_id)
            if person is None or (email is not None and not _owns(person.emails, email)):
                raise unknown
            return await accounts.merge_or_resolve(db, directory, person, policy)
    except Tombstoned:
        raise unknown from None


def _owns(emails: tuple[str, ...], email: str) -> bool:
    return text.email_key(email) in {text.email_key(each) for each in emails}


async def get_profile(db: Database, user_id: str) -> Profile:
    profile = await queries.get_user(db, user_id, Profile)
    if profile is None:
        raise Unauthorized("invalid")
    return profile


async def update_profile(
    db: Database,
    actor: Actor,
    *,
    changes: ProfileUpdate,
    echoed: Echoed,
    if_match: str | None,
) -> Profile:
    async with db.transaction() as tx:
        before = await queries.get_user(tx, actor.user_id, Profile, lock=True)
        if before is None:
            raise Unauthorized("invalid")
        validation.check_read_only(echoed, before)
        etags.require(if_match, before)
        if not await _apply(tx, before, changes):
            return before
        after = await get_profile(tx, actor.user_id)
        await audit.record(
            tx, actor, "profile.updated", "user", actor.user_id, before=before, after=after
        )
        return after


async def get_user(db: Database, user_id: str) -> AdminUser:
    user = await queries.get_user(db, user_id, AdminUser)
    if user is None:
        raise NotFound("user", user_id)
    return user


async def update_user(
    db: Database,
    actor: Actor,
    user_id: str,
    *,
    changes: UserUpdate,
    echoed: Echoed,
    if_match: str | None,
) -> AdminUser:
    """Update a user. Raises LastAdmin if no active administrator would remain."""
    async with db.transaction() as tx:
        await roles.lock_admins(tx)
        before = await _locked(tx, user_id)
        if user_id == actor.user_id:
            await confirm_now(tx)
        validation.check_read_only(echoed, before)
        etags.require(if_match, before)
        if not await _apply(tx, before, changes):
            return before
        if changes.status in ("INACTIVE", "SUSPENDED") and ADMIN in before.roles:
            await roles.keep_one_admin(tx)
        after = await get_user(tx, user_id)
        await audit.record(tx, actor, "user.updated", "user", user_id, before=before, after=after)
        return after


async def _apply(
    tx: Database, before: Profile | AdminUser, changes: ProfileUpdate | UserUpdate
) -> bool:
    """Store the fields that differ. Return false and keep `updatedAt` if none differs."""
    sent = validation.supplied(changes)
    changed = {name: value for name, value in sent.items() if value != getattr(before, name)}
    if not changed:
        return False
    first = changed.get("first_name", before.first_name)
    last = changed.get("last_name", before.last_name)
    key = accounts.search_key(before.email, first, last, before.username)
    sorts = person_sort_keys(first, last, before.username)
    keys = {"search_key": key, "first_sort_key": sorts[0], "last_sort_key": sorts[1]}
    await queries.update_user(tx, before.id, {**changed, **keys})
    return True


async def _locked(tx: Database, user_id: str) -> AdminUser:
    user = await queries.get_user(tx, user_id, AdminUser, lock=True)
    if user is None:
        raise NotFound("user", user_id)
    return user


async def assign_role(
    db: Database, actor: Actor, user_id: str, *, grant: RoleGrant
) -> RoleAssigned:
    """Assign a role. Raises Conflict if its window overlaps another one of the same role."""
    refuse_impersonated(actor)
    start, end = _checked_window(grant)
    async with db.transaction() as tx:
        await _locked(tx, user_id)
        role_id = await roles.open_window(
            tx, user_id, grant.role, assigned_by=actor.user_id, start=start, end=end
        )
        user = await get_user(tx, user_id)
        window = next(each for each in user.user_roles if each.id == role_id)
        event = {"userId": user_id, "role": grant.role}
        await audit.record(
            tx, actor, "user_role.assigned", "user", user_id, after=window, announces=event
        )
        return RoleAssigned(user_role=window, user=user)


def _checked_window(grant: RoleGrant) -> tuple[datetime | None, datetime | None]:
    """Return start and end. Raises ValidationFailed if they are not in order."""
    now = datetime.now(UTC)
    start = grant.effective_start_date or None
    end = grant.effective_end_date or None
    if start and not now - PAST_TOLERANCE <= start <= now + FAR_FUTURE:
        message = "Must be neither in the past nor more than ten years ahead"
        raise ValidationFailed.of("effectiveStartDate", message, msgspec.to_builtins(start))
    if end and end <= max(start or now, now):
        message = "Must be after the start and in the future"
        raise ValidationFailed.of("effectiveEndDate", message, msgspec.to_builtins(end))
    return start, end


async def remove_role(
    db: Database, actor: Actor, user_id: str, *, role: str, if_match: str | None = None
) -> AdminUser:
    """Close the effective window of a role and cancel future ones. The history stays."""
    refuse_impersonated(actor)
    async with db.transaction() as tx:
        await roles.lock_admins(tx)
        before = await _locked(tx, user_id)
        if user_id == actor.user_id:
            await confirm_now(tx)
        if not await roles.close_window(tx, user_id, role, revoked_by=actor.user_id):
            raise NotFound("user_role", role)
        etags.require(if_match, before)
        if role == ADMIN and ADMIN in before.roles:
            await roles.keep_one_admin(tx)
        after = await get_user(tx, user_id)
        await audit.record(
            tx,
            actor,
            "user_role.removed",
            "user",
            user_id,
            before={"role": role},
            after={"roles": after.roles},
            announces={"userId": user_id, "role": role},
        )
        return after
