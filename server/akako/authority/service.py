"""Read the authority of a caller again when the effect is committed.

A request is authorized when it begins. Until its transaction commits the account may be deleted or
deactivated, the session may end, and roles and plans may change. `current` is the one place that
decides whether an actor may still act; a new kind of session belongs in it.
"""

from __future__ import annotations

import msgspec

from akako.authority import queries
from akako.identity.queries import in_order
from akako.kernel.core.access import ADMIN, Access, Actor
from akako.kernel.core.errors import Forbidden, Unauthorized
from akako.kernel.db.database import Database


async def current(tx: Database, actor: Actor, access: Access) -> Actor:
    """Return the actor with current roles and plan.

    In a transaction the account's row is locked in share mode: a deactivation, a deletion and a
    change of roles or plan come before this statement or after the commit.

    Raises:
        Unauthorized: The account is deleted, or the session has ended.
        Forbidden: The account is not active, or no role that `access` asks for is effective.
        PlanRequired: The current plan is none of those that `access` asks for.
    """
    row = await queries.current_actor(tx, actor.user_id, actor.session_id, actor.organization_id)
    if row is None or row["deleted"] or row["ended"]:
        raise Unauthorized("invalid")
    roles = tuple(in_order(row["roles"]))
    if row["status"] != "ACTIVE":
        raise Forbidden("Account is not active", user_roles=roles, reason="account_inactive")
    access.check(roles)
    plan = row["organization_plan"] or actor.plan if actor.organization_id else row["plan"]
    access.check_plan(plan)
    return msgspec.structs.replace(actor, roles=roles, plan=plan)


async def confirm(tx: Database, actor: Actor, access: Access) -> None:
    """Check `current`, and that no role that `access` names was lost.

    The operation may rely on any of these roles. ADMIN alone is sufficient where it is named.
    """
    roles = (await current(tx, actor, access)).roles
    lost = {role for role in access.roles if actor.has(role)} - set(roles)
    if lost and not (ADMIN in access.roles and ADMIN in roles):
        raise Forbidden(required=access.roles, user_roles=roles)


async def one_at_a_time(tx: Database, actor: Actor) -> None:
    """Make other transactions of this account wait. Call this before `current`."""
    await queries.lock_user(tx, actor.user_id)
