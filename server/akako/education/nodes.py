"""Select lists of each kind of node, and the conversion of rows to nodes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

import asyncpg
import msgspec

from akako.education.schemas import (
    Document,
    Grade,
    Level,
    Mentor,
    Node,
    Subject,
    SubjectDetail,
    Topic,
    TopicSummary,
)
from akako.kernel.core.access import MENTOR, Actor
from akako.kernel.db.listing import Flag, Sort, Spec
from akako.kernel.db.pages import Where
from akako.visibility.tree import GRADE, LEVEL, SUBJECT, TOPIC, Kind, bind, readable

N = TypeVar("N", bound=Node)
T = TypeVar("T", bound=TopicSummary)

MENTOR_OF = """
(select json_build_array(m.id, m.first_name, m.last_name, m.email) from users m
 where m.id = s.mentor_id and m.deleted_at is null)::text as mentor
"""
DOCUMENT = """
json_build_array(d.id, d.name, d.description, d.file_name, d.mime_type, d.size, d.sha256,
                 d.uploaded_by, d.created_at)
"""
DOCUMENTS = f"""
(select coalesce(json_agg({DOCUMENT} order by d.created_at, d.id), '[]')
 from documents d where d.topic_id = t.id and d.status = 'ACTIVE')::text
"""
# In lists each topic shows its first documents only: 100 topics with 100 documents each would be
# 60 MB. The response adds about 300 bytes to the columns of a document: keys, topic id, URL.
LISTED_DOCUMENT_BYTES = 24 * 1024
FIRST_DOCUMENTS = f"""
(select coalesce(json_agg(d.shown order by d.created_at, d.id), '[]') from (
    select d.created_at, d.id, {DOCUMENT} as shown,
        sum(octet_length({DOCUMENT}::text) + 300) over (order by d.created_at, d.id) as bytes
    from documents d where d.topic_id = t.id and d.status = 'ACTIVE'
 ) d where d.bytes <= {LISTED_DOCUMENT_BYTES})::text
"""


class Nodes(msgspec.Struct, Generic[N], frozen=True, kw_only=True):
    """Describes how the nodes of a kind are listed and read."""

    kind: Kind
    spec: Spec
    columns: Callable[[Where, Actor | None], str]  # the select list
    build: Callable[[asyncpg.Record, Actor | None], N]


def _spec(kind: Kind) -> Spec:
    created, updated = f"{kind.alias}.created_at", f"{kind.alias}.updated_at"
    name = Sort(f"{kind.alias}.sort_key", "text")
    return Spec(
        sorts={"createdAt": Sort(created), "updatedAt": Sort(updated), "name": name},
        default="createdAt",
        filters={"isActive": Flag(), "includeInactive": Flag()},
        search=True,
        dates={"created": created, "updated": updated},
        identity=f"{kind.alias}.id",
    )


SHARED = len(Node.__struct_fields__)


def _shared(kind: Kind) -> str:
    """Return the columns that all kinds share; every select list begins with them."""
    return ", ".join(f"{kind.alias}.{name}" for name in Node.__struct_fields__)


TOPIC_FACTS = f"""
{_shared(TOPIC)}, t.subject_id, t.position, t.video_key is not null as has_video,
    t.document_count
"""


def _node(row: asyncpg.Record) -> tuple[str, str, str, str | None, bool, datetime, datetime]:
    """Return the shared fields of a row. Reading by position is faster."""
    return row[:SHARED]  # type: ignore[no-any-return]


def _level(row: asyncpg.Record, actor: Actor | None) -> Level:
    return Level(*row[:SHARED])


def _grade(row: asyncpg.Record, actor: Actor | None) -> Grade:
    return Grade(*_node(row), level=row["stage"], education_level_id=row["level_id"])


class _Mentor(msgspec.Struct, array_like=True):
    id: str
    first_name: str | None
    last_name: str | None
    email: str | None


_mentor = msgspec.json.Decoder(_Mentor)


def _subject(row: asyncpg.Record, actor: Actor | None) -> Subject:
    mentor = _mentor.decode(row["mentor"]) if row["mentor"] else None
    subject = Subject(
        *_node(row),
        grade_id=row["grade_id"],
        mentor=Mentor(mentor.id, mentor.first_name, mentor.last_name) if mentor else None,
    )
    own = actor and actor.has(MENTOR) and row["mentor_id"] == actor.user_id
    if actor and (actor.is_admin or own):
        subject.mentor_id = row["mentor_id"]
        subject.mentor_email = mentor.email if mentor else None
    return subject


def _subject_columns() -> str:
    return f"{_shared(SUBJECT)}, s.grade_id, s.mentor_id, {MENTOR_OF}"


def _detail_columns(where: Where, actor: Actor | None) -> str:
    if actor is None:
        return _subject_columns()
    me = bind(where, actor.user_id)
    counted = "true" if actor.is_admin else f"(t.is_active or s.mentor_id = {me})"
    return f"""
    {_subject_columns()},
    (select e.status from enrollments e where e.user_id = {me} and e.subject_id = s.id
     order by e.requested_at desc, e.id desc limit 1) as enrollment_status,
    (select count(*) from topics t
     where t.subject_id = s.id and t.deleted_at is null and {counted}) as topic_count
    """


def _subject_detail(row: asyncpg.Record, actor: Actor | None) -> SubjectDetail:
    subject = _subject(row, actor)
    detail = SubjectDetail(*(getattr(subject, each) for each in Subject.__struct_fields__))
    if actor:
        detail.enrollment_status = row["enrollment_status"]
        detail.topic_count = row["topic_count"]
        detail.mentor_name = _full_name(subject.mentor)
    return detail


def _full_name(mentor: Mentor | None) -> str | None:
    names = (mentor.first_name, mentor.last_name) if mentor else ()
    return " ".join([name for name in names if name]) or None


class _Document(msgspec.Struct, array_like=True):
    id: str
    name: str
    description: str | None
    file_name: str
    mime_type: str
    size: int
    sha256: str
    uploaded_by: str
    created_at: datetime


_documents = msgspec.json.Decoder(list[_Document])


def document_url(document_id: str) -> str:
    return f"/api/s3/document/stream?documentId={document_id}"


def video_url(topic_id: str) -> str:
    return f"/api/education/topics/{topic_id}/video"


def _document(topic_id: str, found: _Document) -> Document:
    known = msgspec.structs.asdict(found)
    return Document(**known, topic_id=topic_id, url=document_url(found.id))


def _topic_columns(where: Where, actor: Actor | None) -> str:
    entitled = readable(where, actor)
    return f"""
    {TOPIC_FACTS},
    case when {entitled} then t.content end as content,
    case when {entitled} then {DOCUMENTS} end as documents
    """


def _summary_columns(where: Where, actor: Actor | None) -> str:
    entitled = readable(where, actor)
    return f"{TOPIC_FACTS}, case when {entitled} then {FIRST_DOCUMENTS} end as documents"


def _topic(row: asyncpg.Record, actor: Actor | None) -> Topic:
    topic = _described(Topic, row)
    if row["documents"] is not None:
        topic.content = row["content"]
    return topic


def _summary(row: asyncpg.Record, actor: Actor | None) -> TopicSummary:
    return _described(TopicSummary, row)


def _described(shape: type[T], row: asyncpg.Record) -> T:
    """Build a topic. `documents` is null if the caller may not read its material."""
    facts = (row["subject_id"], row["position"], row["has_video"], row["document_count"])
    topic = shape(*_node(row), *facts)
    if row["documents"] is not None:
        topic.video_url = video_url(topic.id) if topic.has_video else None
        found = _documents.decode(row["documents"])
        topic.documents = [_document(topic.id, each) for each in found]
    return topic


LEVELS = Nodes(kind=LEVEL, spec=_spec(LEVEL), columns=lambda *_: _shared(LEVEL), build=_level)
GRADES = Nodes(
    kind=GRADE,
    spec=_spec(GRADE),
    columns=lambda *_: f"{_shared(GRADE)}, g.stage, g.level_id",
    build=_grade,
)
SUBJECTS = Nodes(
    kind=SUBJECT,
    spec=_spec(SUBJECT),
    columns=lambda *_: _subject_columns(),
    build=_subject,
)


def _topics() -> Spec:
    spec = _spec(TOPIC)
    position = {"position": Sort("t.position", "integer")}
    return msgspec.structs.replace(spec, sorts={**position, **spec.sorts}, default="position")


SUBJECT_DETAILS = Nodes(
    kind=SUBJECT, spec=SUBJECTS.spec, columns=_detail_columns, build=_subject_detail
)
TOPICS = Nodes(kind=TOPIC, spec=_topics(), columns=_topic_columns, build=_topic)
TOPIC_ROWS = Nodes(kind=TOPIC, spec=TOPICS.spec, columns=_summary_columns, build=_summary)
