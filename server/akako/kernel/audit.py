"""The append-only record of who did what. Written in the transaction of the deed itself."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.kernel.access import Actor, Stranger
from akako.kernel.database import Database
from akako.kernel.ids import new_id

# Somebody who was refused at the door is known by their Clerk id alone.
INSERT = """
insert into audit_log (actor_user_id, actor_clerk_id, impersonator_clerk_id, action, resource,
                       resource_id, before, after, ip, request_id)
values (coalesce($1, (select id from users where clerk_id = $2)),
        $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
INSERT_AND_ANNOUNCE = f"""
with event as (insert into outbox (id, type, data) values ($11, $4, $12))
{INSERT}
"""


PERSONAL = ("email", "firstName", "lastName", "imageUrl")
ABOUT = "resource = 'user' and resource_id = $1"
FORGET = f"""
update audit_log set
    before = case when {ABOUT} then before - $2::text[] else before end,
    after = case when {ABOUT} then after - $2::text[] else after end,
    ip = case when actor_user_id = $1 then null else ip end
where ({ABOUT}) or actor_user_id = $1
"""


async def forget(tx: Database, user_id: str) -> None:
    """Of a user who is deleted only ids stay: who they were and where they called from goes."""
    await tx.execute(FORGET, user_id, list(PERSONAL))


async def record(
    db: Database,
    actor: Actor | Stranger | None,
    action: str,
    resource: str,
    resource_id: str | None,
    *,
    before: object = None,
    after: object = None,
    announces: dict[str, Any] | None = None,
) -> None:
    """Note a deed. `before` and `after` hold the changed state and never a secret.

    `actor` is None where the server itself or the identity provider acts. With `announces`,
    receivers outside will be told of an event named like the action, with that data.
    """
    noted = (
        actor and actor.user_id,
        actor and actor.clerk_id,
        actor and actor.impersonator,
        action,
        resource,
        resource_id,
        _plain(before),
        _plain(after),
        actor and actor.ip,
        actor and actor.request_id,
    )
    if announces is None:
        await db.execute(INSERT, *noted)
    else:
        await db.execute(INSERT_AND_ANNOUNCE, *noted, new_id(), announces)


def _plain(state: object) -> Any:
    return None if state is None else msgspec.to_builtins(state, str_keys=True)
