"""SQL of the learner's start page and of the topic page: one statement for each part."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from akako.kernel.core.access import Actor
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where
from akako.learning import queries as learning
from akako.learning.progress_rows import IS_CAPTIONS, TOPIC_PROGRESS, topic_progress
from akako.learning.queries import ORDER
from akako.learning.schemas import SubjectProgress, TopicProgress
from akako.visibility.tree import GRADE, SUBJECT, TOPIC, bind, readable, visible
from akako.web.learners.asked import STATUS, UNDO

# The duration that any learner's device reported: the server does not look into videos.
DURATION = """
coalesce(p.duration_tenths, (select o.duration_tenths from topic_progress o
    where o.topic_id = t.id and o.duration_tenths is not null limit 1)) / 10.0::float8
"""

# The number of documents that the topic's page lists: captions are part of its video.
MATERIAL = f"""
t.document_count - case when t.video_key is null then 0 else (select count(*)::int from documents d
    where d.topic_id = t.id and d.status = 'ACTIVE' and {IS_CAPTIONS}) end
    as document_count
"""


class Next(msgspec.Struct, kw_only=True):
    """Where a learner continues in a subject."""

    topic_id: str
    topic: str
    subject_id: str
    position: float
    duration: float | None
    video_size: int | None
    document_count: int
    completed: bool


class Offer(msgspec.Struct, kw_only=True):
    """A subject that a learner can request, or a grade with the number of its subjects."""

    id: str
    name: str
    parent: str
    count: int
    status: str | None = None


class Document(msgspec.Struct, kw_only=True, rename="camel"):
    id: str
    name: str
    mime_type: str
    size: int
    file_name: str


class Neighbour(msgspec.Struct, kw_only=True):
    id: str
    name: str


class Lesson(msgspec.Struct, kw_only=True):
    """A topic with all that its page shows to one reader."""

    id: str
    name: str
    description: str
    content: str
    is_active: bool
    subject_id: str
    subject: str
    grade_id: str
    grade: str
    mentor: str
    readable: bool
    enrolled: bool
    enrollment_id: str | None
    enrollment_status: str | None
    requested_at: datetime | None
    video_mime: str | None
    video_size: int | None
    duration: float | None
    number: int | None
    total: int | None
    previous: Neighbour | None
    next: Neighbour | None
    documents: list[Document]
    progress: TopicProgress


# What a `Next` needs of a topic `t` and the progress `p` in it, apart from the subject.
FACTS = f"""
t.id as topic_id, t.name as topic, t.video_size, {MATERIAL},
coalesce(p.position_tenths, 0) / 10.0::float8 as position, {DURATION} as duration,
p.completed_at is not null as completed
"""


def _next(row: asyncpg.Record) -> Next:
    return Next(**{name: row[name] for name in Next.__struct_fields__})


async def list_subjects(db: Database, user_id: str) -> list[tuple[SubjectProgress, Next | None]]:
    """Return a user's approved subjects, the last used first, each with its next topic."""
    sql = f"""
    select {", ".join(f"r.{name}" for name in learning.FIELDS)}, {FACTS}
    from {learning.mine("$1")} left join topics t on t.id = r.next_topic_id
    left join topic_progress p on p.topic_id = t.id and p.user_id = $1
    order by coalesce(r.last_activity_at, {learning.NEVER}) desc, r.subject_id desc limit 100
    """
    rows = await db.fetch(sql, user_id)
    return [
        (learning.subject_progress(row), _next(row) if row["topic_id"] else None) for row in rows
    ]


async def find_facts(db: Database, user_id: str | None, topic_ids: list[str]) -> dict[str, Next]:
    """Return the length and size of topics, and where the user stopped, by topic id."""
    if not topic_ids:
        return {}
    sql = f"""
    select t.subject_id, {FACTS}
    from topics t left join topic_progress p on p.topic_id = t.id and p.user_id = $1
    where t.id = any($2)
    """
    return {row["topic_id"]: _next(row) for row in await db.fetch(sql, user_id, topic_ids)}


async def list_open(db: Database, user_id: str, subject_id: str) -> list[Neighbour]:
    """Return the first two topics of a subject that the user has not completed, in their order."""
    sql = f"""
    select t.id, t.name
    from topics t left join topic_progress p on p.topic_id = t.id and p.user_id = $1
    where t.subject_id = $2 and t.deleted_at is null and t.is_active and p.completed_at is null
    order by {ORDER} limit 2
    """
    return [Neighbour(**row) for row in await db.fetch(sql, user_id, subject_id)]


async def list_grades(db: Database, actor: Actor) -> list[Offer]:
    """Return the grades with subjects, each with the name of its level."""
    where = Where(GRADE.present)
    where.add(visible(where, GRADE, actor, inactive=False))
    sql = f"""
    select g.id, g.name, l.name as parent, subjects.count::int
    from {GRADE.source}
    join lateral (select count(*) from subjects s where s.grade_id = g.id
        and s.deleted_at is null and s.is_active) subjects on subjects.count > 0
    where {where} order by l.sort_key, l.id, g.sort_key, g.id limit 60
    """
    return [Offer(**row) for row in await db.fetch(sql, *where.values)]


async def list_offers(db: Database, actor: Actor, grade_id: str) -> list[Offer]:
    """Return the subjects of a grade, with the state of the caller's latest request."""
    where = Where(SUBJECT.present)
    where.add(visible(where, SUBJECT, actor, inactive=False))
    where.add("g.id = {}", grade_id)
    me = bind(where, actor.user_id)
    sql = f"""
    select s.id, s.name, g.name as parent,
           (select {STATUS} from enrollments e {UNDO} where e.subject_id = s.id
            and e.user_id = {me} order by e.requested_at desc limit 1) as status,
           (select count(*) from topics t where t.subject_id = s.id
            and t.deleted_at is null and t.is_active)::int as count
    from {SUBJECT.source} where {where} order by s.sort_key, s.id limit 60
    """
    return [Offer(**row) for row in await db.fetch(sql, *where.values)]


async def find_lesson(db: Database, actor: Actor, topic_id: str) -> Lesson | None:
    """Return a topic for its page, or None if the caller may not know that it exists."""
    where = Where(TOPIC.present)
    where.add(visible(where, TOPIC, actor, inactive=actor.is_admin))
    where.add("t.id = {}", topic_id)
    user = bind(where, actor.user_id)
    entitled = readable(where, actor)
    sql = f"""
    select {TOPIC_PROGRESS}, t.name, t.description, t.is_active, s.name as subject, t.content,
           g.id as grade_id, g.name as grade, t.video_mime, t.video_size, {DURATION} as duration,
           ({entitled}) is true as readable, asked.*, place.*,
           concat_ws(' ', m.first_name, m.last_name) as mentor,
           (select coalesce(json_agg(json_build_object('id', d.id, 'name', d.name, 'fileName',
                d.file_name, 'mimeType', d.mime_type, 'size', d.size)
                order by d.created_at, d.id), '[]')
            from documents d where d.topic_id = t.id and d.status = 'ACTIVE')::text as documents
    from {TOPIC.source}
    left join users m on m.id = s.mentor_id
    left join topic_progress p on p.topic_id = t.id and p.user_id = {user}
    left join lateral (select e.id as enrollment_id, e.requested_at,
            case when e.status = 'REJECTED' then {STATUS} else e.status end as enrollment_status
        from enrollments e {UNDO} where e.subject_id = s.id and e.user_id = {user}
        order by e.requested_at desc limit 1) asked on true
    left join lateral ({_place("t.subject_id", "t.id")}) place on true
    where {where}
    """
    row = await db.fetchrow(sql, *where.values)
    return _lesson(row) if row else None


def _place(subject: str, topic: str) -> str:
    """Return the query of a topic's number, and of the topics before and after it."""
    order = ORDER.replace("t.", "o.")
    return f"""
    select listed.number, listed.total, listed.previous_id, listed.previous_name,
           listed.next_id, listed.next_name
    from (select o.id, (row_number() over w)::int as number, (count(*) over ())::int as total,
                 lag(o.id) over w as previous_id, lag(o.name) over w as previous_name,
                 lead(o.id) over w as next_id, lead(o.name) over w as next_name
          from topics o where o.subject_id = {subject} and o.deleted_at is null and o.is_active
          window w as (order by {order})) listed
    where listed.id = {topic}
    """


def _lesson(row: asyncpg.Record) -> Lesson:
    shown = {name: row[name] for name in Lesson.__struct_fields__ if name in row}
    open_to_reader = row["readable"]
    enrolled = row["enrollment_status"] == "APPROVED"
    return Lesson(
        **{
            **shown,
            "id": row["topic_id"],
            "content": row["content"] if open_to_reader else "",
            "enrolled": enrolled and open_to_reader,
            "documents": msgspec.json.decode(row["documents"], type=list[Document]),
            "previous": _neighbour(row, "previous"),
            "next": _neighbour(row, "next"),
            "progress": topic_progress(row),
        }
    )


def _neighbour(row: asyncpg.Record, side: str) -> Neighbour | None:
    topic_id = row[f"{side}_id"]
    return Neighbour(id=topic_id, name=row[f"{side}_name"]) if topic_id else None
