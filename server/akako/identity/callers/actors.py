"""Turn verified claims into the caller's account, and create the account where it is missing."""

from __future__ import annotations

from contextlib import nullcontext

import asyncpg

from akako.identity import accounts
from akako.identity.accounts import Tombstoned
from akako.identity.callers import queries
from akako.identity.queries import in_order
from akako.kernel.core.access import Actor, CallerRejected, Policy, UnknownCaller
from akako.kernel.core.errors import ServiceUnavailable, Unauthorized
from akako.kernel.core.ports import Claims, Directory
from akako.kernel.db.database import Database
from akako.kernel.db.turns import Turns

# Accounts that are created at the same time, and how long further ones wait for their turn.
MAX_CONCURRENT = 20
TURN_SECONDS = 10.0


async def load_actor(
    db: Database,
    directory: Directory | None,
    claims: Claims,
    policy: Policy,
    *,
    provision: bool,
    ip: str | None,
    request_id: str | None,
    arrivals: Turns | None = None,
) -> Actor:
    """Return the caller as stored in the database now. Roles in the token are ignored.

    With `provision`, a missing account is created from the identity provider; `arrivals` bounds how
    many are created at the same time. The organization of the token counts only once an
    administrator has put it on a plan. Otherwise every organization that a caller creates would
    bring a fresh quota.

    Raises:
        Unauthorized: deleted account, ended session, or unknown to the provider.
        Forbidden: the account is not active.
        ServiceUnavailable: the account is unknown here and the provider is unavailable.
    """
    facts = (claims.subject, claims.session_id, claims.organization_id)
    row = await queries.find_actor(db, *facts)
    if row is None:
        if not provision:
            raise Unauthorized("invalid")
        async with arrivals or nullcontext():
            await _provision(db, directory, claims.subject, policy)
        row = await queries.find_actor(db, *facts)
    if row is None:
        raise Unauthorized("invalid")
    first_party = claims.first_party or claims.authorized_party in policy.first_party_origins
    return admitted(row, claims, first_party=first_party, ip=ip, request_id=request_id)


def admitted(
    row: asyncpg.Record,
    claims: Claims,
    *,
    first_party: bool,
    ip: str | None,
    request_id: str | None,
) -> Actor:
    """Return the caller of a row with `queries.actor_columns`.

    Raises:
        Unauthorized: deleted account or ended session.
        Forbidden: the account is not active.
    """
    if row["deleted"] or row["ended"]:
        raise Unauthorized("invalid")
    roles = tuple(in_order(row["roles"]))
    if row["status"] != "ACTIVE":
        raise rejected(claims, "Account is not active", "account_inactive", roles)
    return Actor(
        user_id=row["id"],
        clerk_id=claims.subject,
        roles=roles,
        plan=row["organization_plan"] or row["plan"],
        organization_id=claims.organization_id if row["organization_plan"] else None,
        session_id=claims.session_id,
        impersonator=claims.impersonator,
        ip=ip,
        request_id=request_id,
        first_party=first_party,
    )


def rejected(
    claims: Claims, message: str, reason: str, roles: tuple[str, ...] = ()
) -> CallerRejected:
    who = UnknownCaller(clerk_id=claims.subject, impersonator=claims.impersonator)
    return CallerRejected(message, who, reason=reason, user_roles=roles)


async def _provision(
    db: Database, directory: Directory | None, clerk_id: str, policy: Policy
) -> None:
    if await db.fetchval("select true from user_tombstones where clerk_id = $1", clerk_id):
        raise Unauthorized("invalid")
    if directory is None:
        raise ServiceUnavailable("Your account is not known here yet", retry_after=5)
    try:
        async with accounts.provider_time_limit():
            person = await directory.get_user(clerk_id)
            if person is None:
                raise Unauthorized("invalid")
            await accounts.merge_or_resolve(db, directory, person, policy)
    except Tombstoned:
        raise Unauthorized("invalid") from None
