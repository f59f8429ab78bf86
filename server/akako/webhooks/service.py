"""Applying Clerk's messages.

They come late, twice, out of order or never. Whatever the order, the state after them is the same:
news older than what a row knows changes nothing, and the deleted stay deleted.
"""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import structlog

from akako.identity import accounts
from akako.identity.accounts import Policy, Tombstoned
from akako.kernel import json, metrics
from akako.kernel.clerk_user import parse_user
from akako.kernel.database import AWAY, RETRYABLE, Database
from akako.kernel.errors import BadRequest, ServiceUnavailable
from akako.webhooks import queries
from akako.webhooks.schemas import Receipt

log = structlog.get_logger(__name__)

CHANGES = {"user.created", "user.updated"}
SESSION_ENDS = {"session.revoked", "session.ended", "session.removed"}
CLERK_ID = re.compile(r"user_[A-Za-z0-9_]{1,64}", re.ASCII)
SESSION_ID = re.compile(r"sess_[A-Za-z0-9_]{1,64}", re.ASCII)


class Unusable(Exception):
    """The message is genuine, but nothing can be done with it; the reason names no data."""


async def receive(db: Database, message_id: str, body: bytes, policy: Policy) -> Receipt:
    """Apply a genuine message exactly once. A message that cannot be applied is kept aside.

    Raise ServiceUnavailable when the database is away; then nothing was done, and the sender tries
    again.
    """
    async with db.transaction() as tx:
        if not await queries.note_message(tx, message_id):
            return Receipt(received=True, duplicate=True)
        kind: str | None = None
        try:
            event = _read(body)
            kind = _kind(event)
            async with tx.transaction():
                handled = await _apply(tx, kind, event.get("data"), policy)
        except (ServiceUnavailable, *RETRYABLE, *AWAY):
            raise
        except (Unusable, BadRequest, asyncpg.PostgresError) as problem:
            return await _set_aside(tx, message_id, kind, body, problem)
        await queries.set_outcome(tx, message_id, kind, "handled" if handled else "ignored")
        return Receipt(received=True, handled=handled)


async def _set_aside(
    tx: Database, message_id: str, kind: str | None, body: bytes, problem: Exception
) -> Receipt:
    reason = str(problem) if isinstance(problem, Unusable) else type(problem).__name__
    log.error("webhook_dead_letter", type=kind, reason=reason)
    metrics.alert("webhook_dead_letter")
    await queries.set_outcome(tx, message_id, kind, "dead")
    await queries.bury(tx, message_id, kind, reason, body)
    return Receipt(received=True, handled=False)


def _read(body: bytes) -> dict[str, Any]:
    return json.decode_object(body)


def _kind(event: dict[str, Any]) -> str:
    kind = event.get("type")
    if not isinstance(kind, str) or not re.fullmatch(r"[A-Za-z0-9_.]{1,64}", kind):
        raise Unusable("no type")
    return kind


async def _apply(tx: Database, kind: str, data: object, policy: Policy) -> bool:
    """Carry a message out; return whether it was one that concerns us."""
    if kind in CHANGES:
        return await _change(tx, data, policy)
    if kind == "user.deleted":
        await accounts.forget(tx, _id(data, CLERK_ID))
        return True
    if kind in SESSION_ENDS:
        await queries.end_session(tx, _id(data, SESSION_ID))
        return True
    return False


async def _change(tx: Database, data: object, policy: Policy) -> bool:
    _id(data, CLERK_ID)
    person = parse_user(data)
    if person is None:
        raise Unusable("impossible user")
    if person.updated_at is None and await queries.is_known(tx, person.id):
        # Without a date it cannot be told from news that are older than the row.
        return True
    try:
        await accounts.merge(tx, person, policy, keep_clash=True)
    except Tombstoned:
        log.info("webhook_for_deleted_user", user=person.id)
    return True


def _id(data: object, shape: re.Pattern[str]) -> str:
    id = data.get("id") if isinstance(data, dict) else None
    if not isinstance(id, str) or not shape.fullmatch(id):
        raise Unusable("no id")
    return id
