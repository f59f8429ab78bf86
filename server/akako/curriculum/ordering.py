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
        # Changes of a topic lock it before its subject, so the same order prevents deadlocks.
        await tx.execute(LOCK, subject_id)
        subject = await queries.find(tx, actor, SUBJECTS, subject_id, inactive=True, lock="extend")
        if subject is None:
            raise NotFound("subject", subject_id)
        access.require_owner(actor, subject.mentor_id)
        before = [row["id"] for row in await tx.fetch(CURRENT, subject_id)]
        if sorted(before) != sorted(topic_ids):
            raise _mismatch(subject_id, len(topic_ids), len(before))
        await tx.execute(STORE, subject_id, topic_ids)
        if before != topic_ids:
            await _record(tx, actor, subject_id, before, topic_ids)
    return topic_ids


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
