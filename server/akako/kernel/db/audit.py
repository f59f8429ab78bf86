"""The append-only audit log, written in the transaction of each change."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from akako.kernel.core.access import Actor, UnknownCaller
from akako.kernel.core.ids import new_id
from akako.kernel.db.database import Database

MAX_TEXT = 256  # characters of a text that is stored as it is

COLUMNS = """
actor_user_id, actor_clerk_id, impersonator_clerk_id, action, resource, resource_id, before, after,
ip, request_id
"""
# A caller who is refused before the account is read is known by the Clerk id alone.
VALUES = "coalesce($1, (select id from users where clerk_id = $2)), $2, $3, $4, $5, $6, $7, $8, $9"
INSERT = f"insert into audit_log ({COLUMNS}) values ({VALUES}, $10)"
INSERT_AND_ANNOUNCE = f"""
with event as (insert into outbox (id, type, data) values ($11, $4, $12))
{INSERT}
"""
ANNOUNCE = "insert into outbox (id, type, data) values ($1, $2, $3)"
# A caller can be refused thousands of times in an hour. The unique index makes it one entry.
INSERT_OR_COUNT = f"""
insert into audit_log ({COLUMNS}, refused_hour) values ({VALUES}, $10, date_trunc('hour', now()))
on conflict (actor_clerk_id, coalesce(impersonator_clerk_id, ''), resource_id, refused_hour)
    where refused_hour is not null
do update set count = audit_log.count + 1
"""


async def record(
    db: Database,
    actor: Actor | UnknownCaller | None,
    action: str,
    resource: str,
    resource_id: str | None,
    *,
    before: object = None,
    after: object = None,
    announces: dict[str, Any] | None = None,
) -> None:
    """Write an audit entry.

    Args:
        actor: None if the server itself or the identity provider acts.
        before, after: The changed state, without secrets. Texts longer than MAX_TEXT characters are
            replaced by their length and SHA-256.
        announces: The data of an outgoing event with the name of the action, if there is one.
    """
    entry = _entry(actor, action, resource, resource_id, before, after)
    if announces is None:
        await db.execute(INSERT, *entry)
    else:
        await db.execute(INSERT_AND_ANNOUNCE, *entry, new_id(), announces)


async def announce(db: Database, event: str, data: dict[str, Any]) -> None:
    """Write an outgoing event without an audit entry. `data` holds ids and states only."""
    await db.execute(ANNOUNCE, new_id(), event, data)


async def record_refusal(
    db: Database, actor: Actor | UnknownCaller, operation: str, reason: str | None
) -> None:
    """Write an audit entry for a request rejected with 403.

    Refusals of one actor (and impersonator) for one operation in one hour share an entry: it holds
    the facts of the first one and their count.
    """
    after = {"reason": reason} if reason else None
    entry = _entry(actor, "access.refused", "operation", operation, None, after)
    await db.execute(INSERT_OR_COUNT, *entry)


def _entry(
    actor: Actor | UnknownCaller | None,
    action: str,
    resource: str,
    resource_id: str | None,
    before: object,
    after: object,
) -> tuple[Any, ...]:
    return (
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
    return None if state is None else _shortened(msgspec.to_builtins(state, str_keys=True))


def _shortened(value: Any) -> Any:
    """Replace long texts by their length and hash."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return {"length": len(value), "sha256": hashlib.sha256(value.encode()).hexdigest()}
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    return value
