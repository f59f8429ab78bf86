"""SQL about the progress of users in topics and subjects."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from akako.education import queries as education
from akako.kernel.core.access import Actor
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Reference, Sort, Spec
from akako.kernel.db.pages import Where
from akako.learning.progress_rows import (
    TOPIC_PROGRESS,
    topic_in_subject,
    topic_progress,
)
from akako.learning.schemas import SubjectProgress, TopicInSubject, TopicProgress
from akako.visibility.access import TopicAccess
from akako.visibility.tree import SUBJECT, TOPIC, bind, readable

# The order of the topics of a subject.
ORDER = "t.position, t.id"
# The start of time, for rows without activity: null has no place after a cursor.
NEVER = "timestamptz 'epoch'"
PERCENT = "case when topics_total = 0 then 0 else topics_completed * 100 / topics_total end"
MINE = Spec(
    sorts={
        "subjectName": Sort("r.sort_key", "text"),
        "lastActivityAt": Sort(f"coalesce(r.last_activity_at, {NEVER})"),
        "percent": Sort("r.percent", "integer"),
    },
    default="subjectName",
    filters={"subjectId": Reference()},
    identity="r.subject_id",
)
# The visible topics of a subject with the progress of a user.
WITH_PROGRESS = """
topics t left join topic_progress p on p.topic_id = t.id and p.user_id = {user}
where t.subject_id = {subject} and t.deleted_at is null and t.is_active
"""
TOTALS = """
select count(*)::int as topics_total, count(p.completed_at)::int as topics_completed,
       max(p.updated_at) as last_activity_at
"""
FIELDS = SubjectProgress.__struct_fields__


def totals(user: str, subject: str) -> str:
    """Return the query of a user's totals in a subject, from the SQL of both ids."""
    return f"{TOTALS} from {WITH_PROGRESS.format(user=user, subject=subject)}"


def mine(user: str) -> str:
    """Return the FROM clause of the approved subjects of a user that are visible."""
    following = f"""
    select t.id from {WITH_PROGRESS.format(user=user, subject="s.id")} and p.completed_at is null
    order by {ORDER} limit 1
    """
    return f"""
    (select s.id as subject_id, s.name as subject_name, s.sort_key, s.grade_id,
            g.name as grade_name, total.*, {PERCENT} as percent,
            ({following}) as next_topic_id
     from enrollments e join {SUBJECT.source} on s.id = e.subject_id
     left join lateral ({totals(user, "s.id")}) total on true
     where e.user_id = {user} and e.status = 'APPROVED' and {SUBJECT.present}
       and {SUBJECT.active}) r
    """


def subject_progress(row: asyncpg.Record) -> SubjectProgress:
    return SubjectProgress(**{name: row[name] for name in FIELDS})


async def list_subjects(
    db: Database, user_id: str, request: listing.Request
) -> Listed[SubjectProgress]:
    """Return a page of the user's approved subjects with the progress in them."""
    where = Where()
    source = mine(bind(where, user_id))
    if request["subjectId"]:
        where.add("r.subject_id = {}", request["subjectId"])
    return await pages.fetch(
        db,
        MINE,
        request,
        source=source,
        columns=", ".join(f"r.{name}" for name in FIELDS),
        where=where,
        build=subject_progress,
    )


async def find_subject_progress(
    db: Database, user_id: str, subject_id: str
) -> SubjectProgress | None:
    sql = f"select * from {mine('$1')} where r.subject_id = $2"
    row = await db.fetchrow(sql, user_id, subject_id)
    return subject_progress(row) if row else None


async def is_visible(db: Database, actor: Actor, subject_id: str) -> bool:
    return await education.is_visible(db, actor, SUBJECT, subject_id, inactive=False)


async def list_topics(db: Database, user_id: str, subject_id: str) -> list[TopicInSubject]:
    """Return the visible topics of a subject in their order, with the user's progress."""
    sql = f"""
    select {TOPIC_PROGRESS}, t.name, t.position
    from {WITH_PROGRESS.format(user="$1", subject="$2")} order by {ORDER}
    """
    return [topic_in_subject(row) for row in await db.fetch(sql, user_id, subject_id)]


async def find_topic_progress(
    db: Database, actor: Actor, topic_id: str
) -> tuple[TopicAccess, TopicProgress] | None:
    """Return the caller's relation to a topic and progress in it, or None if it is unknown."""
    where = Where()
    user = bind(where, actor.user_id)
    where.add("t.id = {}", topic_id)
    where.add(TOPIC.present)
    entitled = readable(where, actor)
    sql = f"""
    select {TOPIC_PROGRESS}, s.mentor_id, ({entitled}) is true as readable
    from {TOPIC.source} left join topic_progress p on p.topic_id = t.id and p.user_id = {user}
    where {where}
    """
    row = await db.fetchrow(sql, *where.values)
    if row is None:
        return None
    access = TopicAccess(**{name: row[name] for name in TopicAccess.__struct_fields__})
    return access, topic_progress(row)


class NextTopic(msgspec.Struct, kw_only=True):
    """The topic where a learner continues in a subject."""

    id: str
    name: str
    position_seconds: float


async def find_next_topics(
    db: Database, user_id: str, subjects: list[SubjectProgress]
) -> dict[str, NextTopic]:
    """Return by subject id where the user continues, for the start page of the web app."""
    wanted = [each.next_topic_id for each in subjects if each.next_topic_id]
    sql = """
    select t.subject_id, t.id, t.name, coalesce(p.position_tenths, 0) / 10.0::float8
        as position_seconds
    from topics t left join topic_progress p on p.topic_id = t.id and p.user_id = $1
    where t.id = any($2)
    """
    rows = await db.fetch(sql, user_id, wanted)
    return {
        row["subject_id"]: NextTopic(
            id=row["id"], name=row["name"], position_seconds=row["position_seconds"]
        )
        for row in rows
    }


async def export(db: Database, user_id: str) -> dict[str, Any]:
    """Return the user's progress, for the export of personal data."""
    sql = f"""
    select {TOPIC_PROGRESS}, t.name, p.watched, p.recorded_at
    from topic_progress p join topics t on t.id = p.topic_id where p.user_id = $1
    order by p.updated_at, t.id
    """
    rows = await db.fetch(sql, user_id)
    return {"progress": [_exported(row) for row in rows]}


def _exported(row: asyncpg.Record) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(topic_progress(row), builtin_types=())
    ranges = [[part.lower / 10, part.upper / 10] for part in row["watched"]]
    return {**shown, "topicName": row["name"], "watched": ranges}
