"""The append-only record of who did what. Written in the transaction of the deed itself."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.kernel.access import Actor, Stranger
from akako.kernel.database import Database

# Somebody who was refused at the door is known by their Clerk id alone.
INSERT = """
insert into audit_log (actor_user_id, actor_clerk_id, impersonator_clerk_id, action, resource,
                       resource_id, before, after, ip, request_id)
values (coalesce($1, (select id from users where clerk_id = $2)),
        $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


async def record(
    db: Database,
    actor: Actor | Stranger | None,
    action: str,
    resource: str,
    resource_id: str | None,
    *,
    before: object = None,
    after: object = None,
) -> None:
    """Note a deed. `before` and `after` hold the changed state and never a secret.

    `actor` is None where the server itself or the identity provider acts.
    """
    await db.execute(
        INSERT,
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


def _plain(state: object) -> Any:
    return None if state is None else msgspec.to_builtins(state, str_keys=True)
