"""Write notifications. Other rooms call these functions in the transaction of the event."""

from __future__ import annotations

from typing import Any

from akako.authority.decisions import REOPEN_SECONDS
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import NotFound, ValidationFailed
from akako.kernel.core.ids import new_id
from akako.kernel.db import jobs
from akako.kernel.db.confirmed import confirm_now
from akako.kernel.db.database import Database
from akako.notifications import queries
from akako.notifications.schemas import Notification, Reading, Type, Updated

# A transaction that undoes a decision may begin in the last of REOPEN_SECONDS, so the notification
# appears a few seconds later.
DECISION_SECONDS = REOPEN_SECONDS + 5.0
ANNOUNCE = "notifications.announce"


async def notify(
    tx: Database,
    user_id: str,
    type: Type,
    data: dict[str, Any],
    *,
    after_seconds: float = 0,
    about: str | None = None,
) -> None:
    """Notify one user, unless the user was deleted.

    Args:
        tx: The transaction of the event.
        data: The ids that the texts and the link of this type need; see `texts.py`.
        after_seconds: How long after the start of the transaction the user sees it.
        about: The id with which `withdraw` deletes it.
    """
    await queries.insert(tx, user_id, type, data, after_seconds=after_seconds, about=about)


async def notify_admins(
    tx: Database, type: Type, data: dict[str, Any], *, key: str | None = None
) -> None:
    """Notify every administrator. Call it last in the transaction.

    Transactions that notify wait for each other. The caller's authority is checked before, so that
    they wait for one statement and the commit only.

    An administrator has at most one unread notification of a type (and `key`). A further event
    replaces its `data` and adds 1 to `data.count`.
    """
    merge_key = f"{queries.UNREAD}{type}:{key}" if key else f"{queries.UNREAD}{type}"
    await confirm_now(tx)
    await queries.insert_for_admins(tx, type, data, merge_key)


async def notify_of_decision(
    tx: Database, user_id: str, type: Type, data: dict[str, Any], *, about: str
) -> None:
    """Notify a user of a decision once it can no longer be undone."""
    await notify(tx, user_id, type, data, after_seconds=DECISION_SECONDS, about=about)


async def withdraw(tx: Database, user_id: str, about: str) -> None:
    """Delete what a user was notified of because of a decision that is undone."""
    await queries.delete_about(tx, user_id, about)


async def withdraw_shared_notes(tx: Database, user_id: str, subject_id: str) -> None:
    """Delete the notifications of notes in a subject that the user no longer teaches."""
    await queries.delete_in_subject(tx, user_id, "note.shared", subject_id)


async def announce_topic(tx: Database, subject_id: str, topic_id: str) -> None:
    """Record that a topic became active. A job notifies the enrolled learners."""
    await queries.record_publication(tx, new_id(), subject_id, topic_id)
    await jobs.defer(tx, ANNOUNCE, subject_id=subject_id)


async def mark_read(
    db: Database, actor: Actor, notification_id: str, *, reading: Reading
) -> Notification:
    """Mark an own notification as read. A repeated request changes nothing."""
    if not reading.read:
        raise ValidationFailed.of("read", "Must be true", False)
    async with db.transaction() as tx:
        notification = await queries.mark_read(tx, actor.user_id, notification_id)
        if notification is None:
            raise NotFound("notification", notification_id)
        return notification


async def mark_all_read(db: Database, actor: Actor) -> Updated:
    async with db.transaction() as tx:
        return Updated(await queries.mark_all_read(tx, actor.user_id))
