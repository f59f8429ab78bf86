"""Apply webhooks of Clerk.

Messages arrive late, repeatedly, out of order or never. The result does not depend on the order:
older data than the row has changes nothing, and deleted users stay deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from akako.identity import accounts
from akako.identity.accounts import Tombstoned
from akako.kernel.core.access import Policy
from akako.kernel.core.errors import BadRequest
from akako.kernel.core.ports import DirectoryUser
from akako.kernel.core.validation import json
from akako.kernel.db.database import AWAY, RETRYABLE, Database, retried, unavailable
from akako.kernel.telemetry import metrics
from akako.webhooks import queries
from akako.webhooks.schemas import Receipt

log = structlog.get_logger(__name__)

CHANGES = {"user.created", "user.updated"}
SESSION_ENDS = {"session.revoked", "session.ended", "session.removed"}
CLERK_ID = re.compile(r"user_[A-Za-z0-9_]{1,64}", re.ASCII)
SESSION_ID = re.compile(r"sess_[A-Za-z0-9_]{1,64}", re.ASCII)


# Returns the user of a Clerk User object, or None without a valid id.
ReadUser = Callable[[object], DirectoryUser | None]


class Unusable(Exception):
    """The message is genuine but cannot be applied. The reason contains no personal data."""


async def receive(
    db: Database,
    message_id: str,
    body: bytes,
    policy: Policy,
    read_user: ReadUser,
    *,
    instance_id: str | None = None,
) -> Receipt:
    """Apply a genuine message exactly once, or store it as a dead letter.

    With `instance_id`, messages of other Clerk instances change nothing. Raises ServiceUnavailable
    if the database is unavailable; then nothing was changed, and the sender retries.
    """
    kind: str | None = None
    try:
        event = json.decode_object(body)
        kind = _kind(event)
        if _is_foreign(event, instance_id):
            return await _ignore(db, message_id, kind)
        data = event.get("data")
        if kind in CHANGES:
            return await _change(db, message_id, kind, _user(data, read_user), policy)
        return await _apply(db, message_id, kind, data)
    except (*RETRYABLE, *AWAY) as error:
        raise unavailable(error) from error
    except (Unusable, BadRequest, asyncpg.PostgresError) as problem:
        return await _add_dead_letter(db, message_id, kind, body, problem)


async def _add_dead_letter(
    db: Database, message_id: str, kind: str | None, body: bytes, problem: Exception
) -> Receipt:
    reason = str(problem) if isinstance(problem, Unusable) else type(problem).__name__
    log.error("webhook_dead_letter", type=kind, reason=reason)
    metrics.alert("webhook_dead_letter")
    new = await queries.add_dead_letter(db, message_id, kind, reason, body, about=_about(body))
    return _receipt(new, handled=False)


def _about(body: bytes) -> str | None:
    """Return the first Clerk user id in a message, even in one that is not JSON."""
    found = re.search(CLERK_ID.pattern.encode(), body)
    return found[0].decode() if found else None


def _receipt(new: bool, *, handled: bool) -> Receipt:
    return Receipt(received=True, handled=handled) if new else Receipt(True, duplicate=True)


def _kind(event: dict[str, Any]) -> str:
    kind = event.get("type")
    if not isinstance(kind, str) or not re.fullmatch(r"[A-Za-z0-9_.]{1,64}", kind):
        raise Unusable("no type")
    return kind


def _is_foreign(event: dict[str, Any], instance_id: str | None) -> bool:
    sender = event.get("instance_id")
    if instance_id is None or sender is None or sender == instance_id:
        return False
    log.error("webhook_of_another_instance")
    metrics.alert("webhook_of_another_instance")
    return True


async def _ignore(db: Database, message_id: str, kind: str) -> Receipt:
    return _receipt(await queries.record_ignored(db, message_id, kind), handled=False)


async def _apply(db: Database, message_id: str, kind: str, data: object) -> Receipt:
    if kind == "user.deleted":
        new = await _forget(db, message_id, kind, data)
    elif kind in SESSION_ENDS:
        new = await queries.end_session(db, message_id, kind, _id(data, SESSION_ID))
    else:
        return await _ignore(db, message_id, kind)
    return _receipt(new, handled=True)


def _user(data: object, read_user: ReadUser) -> DirectoryUser:
    _id(data, CLERK_ID)
    person = read_user(data)
    if person is None:
        raise Unusable("impossible user")
    return person


async def _change(
    db: Database, message_id: str, kind: str, person: DirectoryUser, policy: Policy
) -> Receipt:
    # Without a date the event cannot be ordered against the stored row.
    undated = person.updated_at is None

    async def work(tx: Database) -> bool:
        if not await queries.record_for_person(tx, message_id, kind, person.id):
            return False
        try:
            await accounts.merge_locked(tx, person, policy, keep_clash=True, only_new=undated)
        except Tombstoned:
            log.info("webhook_for_deleted_user", user=person.id)
        return True

    return _receipt(await retried(db, work), handled=True)


async def _forget(db: Database, message_id: str, kind: str, data: object) -> bool:
    clerk_id = _id(data, CLERK_ID)

    async def work(tx: Database) -> bool:
        new = await queries.record_for_person(tx, message_id, kind, clerk_id)
        if new:
            await accounts.erase_locked(tx, clerk_id)
        return new

    return await retried(db, work)


def _id(data: object, shape: re.Pattern[str]) -> str:
    id = data.get("id") if isinstance(data, dict) else None
    if not isinstance(id, str) or not shape.fullmatch(id):
        raise Unusable("no id")
    return id
