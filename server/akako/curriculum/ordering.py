"""Change the order of the topics of a subject."""

from __future__ import annotations

from akako.education import queries
from akako.education.nodes import SUBJECTS
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import InvalidState, NotFound, ValidationFailed, violation
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.visibility import access

LOCK = """
select id from topics where subject_id = $1 and deleted_at is null order by id for no key update
"""
CURRENT = """
select id from topics where subject_id = $1 and deleted_at is null order by position, id
"""
STORE = """
update topics set position = chosen.n - 1 from unnest($2::text[]) with ordinality chosen (id, n)
where topics.id = chosen.id and topics.subject_id = $1 and position is distinct from chosen.n - 1
"""


async def reorder(db: Database, actor: Actor, subject_id: str, topic_ids: list[str]) -> list[str]:
    """Store the order of a subject's topics; return it.

    Raises:
        ValidationFailed: an id occurs twice.
        InvalidState: the ids are not exactly the topics of the subject.
    """
    _require_distinct(topic_ids)
    async with db.transaction() as tx:
        before = await _locked_order(tx, actor, subject_id)
        if sorted(before) != sorted(topic_ids):
            raise _mismatch(subject_id, len(topic_ids), len(before))
        await _store(tx, actor, subject_id, before, topic_ids)
    return topic_ids


async def move(db: Database, actor: Actor, subject_id: str, topic_id: str, *, by: int) -> list[str]:
    """Move a topic by one place or more; return the order of the subject's topics.

    Args:
        by: The number of places, negative towards the first topic. A topic that would leave the
            list stays at its end.

    Raises:
        NotFound: the subject is unknown, or the topic is not in it.
    """
    async with db.transaction() as tx:
        before = await _locked_order(tx, actor, subject_id)
        if topic_id not in before:
            raise NotFound("topic", topic_id)
        after = [each for each in before if each != topic_id]
        after.insert(max(0, before.index(topic_id) + by), topic_id)
        await _store(tx, actor, subject_id, before, after)
    return after


async def _locked_order(tx: Database, actor: Actor, subject_id: str) -> list[str]:
    """Return the order of a subject's topics, locked until the end of the transaction."""
    # Changes of a topic lock it before its subject, so the same order prevents deadlocks.
    await tx.execute(LOCK, subject_id)
    subject = await queries.find(tx, actor, SUBJECTS, subject_id, inactive=True, lock="extend")
    if subject is None:
        raise NotFound("subject", subject_id)
    access.require_owner(actor, subject.mentor_id)
    return [row["id"] for row in await tx.fetch(CURRENT, subject_id)]


async def _store(
    tx: Database, actor: Actor, subject_id: str, before: list[str], after: list[str]
) -> None:
    await tx.execute(STORE, subject_id, after)
    if before != after:
        await _record(tx, actor, subject_id, before, after)


def _require_distinct(topic_ids: list[str]) -> None:
    seen: set[str] = set()
    doubled = []
    for number, topic_id in enumerate(topic_ids):
        if topic_id in seen:
            doubled.append(violation(f"topicIds[{number}]", "Must be given once", topic_id))
        seen.add(topic_id)
    if doubled:
        raise ValidationFailed(doubled)


def _mismatch(subject_id: str, given: int, current: int) -> InvalidState:
    return InvalidState(
        "subject",
        subject_id,
        current=f"{current} topics",
        expected=[f"{given} topics"],
        message="topicIds must contain every topic of the subject once. Read the topics again.",
    )


async def _record(
    tx: Database, actor: Actor, subject_id: str, before: list[str], after: list[str]
) -> None:
    await audit.record(
        tx,
        actor,
        "subject.topics_reordered",
        "subject",
        subject_id,
        before={"topicIds": before},
        after={"topicIds": after},
        announces={"id": subject_id},
    )
