"""Checks whether a caller may read or change the material of a topic."""

from __future__ import annotations

import msgspec

from akako.kernel.core.access import LEARNER, MENTOR, ROLES, Actor, not_owner
from akako.kernel.core.errors import Forbidden
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where
from akako.visibility.tree import TOPIC, readable


class TopicAccess(msgspec.Struct, frozen=True, kw_only=True):
    """The relation of a caller to a topic. Neither the topic nor an ancestor is deleted."""

    topic_id: str
    subject_id: str
    mentor_id: str | None  # the mentor of the subject
    readable: bool  # whether the caller may read its text, documents and video


# One text for both cases, so that it does not tell other learners which topics are hidden.
NOT_READABLE = "You are not enrolled in this subject, or the topic is hidden"

# Locks the topic for changes, and its ancestors against deletion and reassignment.
HOLD = "for no key update of t for share of s for key share of g, l"


async def find_topic_access(
    db: Database, actor: Actor, topic_id: str, *, hold: bool = False
) -> TopicAccess | None:
    """Return the caller's relation to a topic, or None if it is unknown or deleted.

    With `hold`, row locks keep the result true until the transaction ends.
    """
    where = Where()
    where.add("t.id = {}", topic_id)
    where.add(TOPIC.present)
    sql = f"""
    select t.id as topic_id, s.id as subject_id, s.mentor_id,
           ({readable(where, actor)}) is true as readable
    from {TOPIC.source} where {where} {HOLD if hold else ""}
    """
    row = await db.fetchrow(sql, *where.values)
    return TopicAccess(**row) if row else None


def require_read(actor: Actor, access: TopicAccess) -> None:
    """Raise Forbidden unless the caller may read the topic's material."""
    if access.readable:
        return
    if not actor.has(LEARNER):
        raise not_owner(actor)
    raise Forbidden(
        NOT_READABLE,
        required=ROLES,
        user_roles=actor.roles,
        reason="not_enrolled",
    )


def require_write(actor: Actor, access: TopicAccess) -> None:
    """Raise Forbidden unless the caller may change the topic's material."""
    require_owner(actor, access.mentor_id)


def require_owner(actor: Actor, mentor_id: object) -> None:
    """Raise Forbidden unless the caller is an administrator or the given mentor."""
    if not actor.is_admin and not (actor.has(MENTOR) and mentor_id == actor.user_id):
        raise not_owner(actor)
