"""SQL about levels, grades, subjects and topics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import asyncpg
import msgspec

from akako.education.schemas import Document, Grade, Level, Mentor, Node, Subject, Topic
from akako.education.tree import GRADE, LEVEL, SUBJECT, TOPIC, Kind, readable, visible
from akako.identity.queries import EFFECTIVE
from akako.kernel import listing, text
from akako.kernel.access import MENTOR, Actor
from akako.kernel.database import Database
from akako.kernel.envelope import Listed
from akako.kernel.listing import Flag, Sort, Spec, Where

N = TypeVar("N", bound=Node)
Lock = Literal["hold", "change", "delete"]

MENTOR_OF = """
(select json_build_array(m.id, m.first_name, m.last_name, m.email) from users m
 where m.id = s.mentor_id and m.deleted_at is null)::text as mentor
"""
DOCUMENTS = """
(select coalesce(json_agg(json_build_array(d.id, d.name, d.description, d.file_name, d.mime_type,
                                           d.size, d.sha256, d.uploaded_by, d.created_at)
                          order by d.created_at, d.id), '[]')
 from documents d where d.topic_id = t.id and d.status = 'ACTIVE')::text
"""
# Where the name of a field is not that of its column.
COLUMN_OF = {"education_level_id": "level_id", "level": "stage"}


class Nodes(msgspec.Struct, Generic[N], frozen=True, kw_only=True):
    """How the nodes of a kind are listed and read."""

    kind: Kind
    spec: Spec
    columns: Callable[[Where, Actor | None], str]  # the select list
    build: Callable[[asyncpg.Record, Actor | None], N]


def _spec(kind: Kind) -> Spec:
    created, updated = f"{kind.alias}.created_at", f"{kind.alias}.updated_at"
    name = Sort(f"{kind.alias}.name_key", "text")
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
    """The columns that all kinds have, in the order of their fields; every select begins so."""
    return ", ".join(f"{kind.alias}.{name}" for name in Node.__struct_fields__)


def _node(row: asyncpg.Record) -> tuple[str, str, str, str | None, bool, datetime, datetime]:
    """The fields that all kinds have. By position: lists have many of these."""
    return row[:SHARED]  # type: ignore[no-any-return]


def _level(row: asyncpg.Record, actor: Actor | None) -> Level:
    return Level(*_node(row))


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
    {_shared(TOPIC)}, t.subject_id, t.video_key is not null as has_video, t.document_count,
    case when {entitled} then t.content end as content,
    case when {entitled} then {DOCUMENTS} end as documents
    """


def _topic(row: asyncpg.Record, actor: Actor | None) -> Topic:
    topic = Topic(
        *_node(row),
        subject_id=row["subject_id"],
        has_video=row["has_video"],
        document_count=row["document_count"],
    )
    if row["documents"] is not None:
        topic.content = row["content"]
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
    columns=lambda *_: f"{_shared(SUBJECT)}, s.grade_id, s.mentor_id, {MENTOR_OF}",
    build=_subject,
)
TOPICS = Nodes(kind=TOPIC, spec=_spec(TOPIC), columns=_topic_columns, build=_topic)


def _seen(kind: Kind, actor: Actor | None, *, inactive: bool) -> Where:
    where = Where(kind.present)
    where.add(visible(where, kind, actor, inactive=inactive))
    return where


async def page(
    db: Database,
    actor: Actor | None,
    nodes: Nodes[N],
    parent_id: str | None,
    request: listing.Request,
    *,
    inactive: bool,
) -> Listed[N]:
    """The nodes that the caller may see. It is empty also where the parent is out of sight."""
    kind, where = nodes.kind, _seen(nodes.kind, actor, inactive=inactive)
    if parent_id is not None:
        where.add(f"{kind.alias}.{kind.parent_column} = {{}}", parent_id)
    if request["isActive"] is not None:
        where.add(f"{kind.alias}.is_active = {{}}", request["isActive"])
    where.search(f"{kind.alias}.search_key", request.search)
    where.dates(nodes.spec, request)
    return await listing.fetch(
        db,
        nodes.spec,
        request,
        source=kind.source,
        columns=nodes.columns(where, actor),
        where=where,
        build=lambda row: nodes.build(row, actor),
    )


async def find(
    db: Database,
    actor: Actor | None,
    nodes: Nodes[N],
    node_id: str,
    *,
    inactive: bool,
    lock: Lock | None = None,
) -> N | None:
    """A node that the caller may see, or any present one with `inactive`.

    Until the transaction ends `hold` keeps it and all that it is in from being deleted, `change`
    is for who will change it, and `delete` for who will delete it.
    """
    kind, where = nodes.kind, _seen(nodes.kind, actor, inactive=inactive)
    where.add(f"{kind.alias}.id = {{}}", node_id)
    columns = nodes.columns(where, actor)
    sql = f"select {columns} from {kind.source} where {where} {_locking(kind, lock)}"
    row = await db.fetchrow(sql, *where.values)
    return nodes.build(row, actor) if row else None


def _locking(kind: Kind, lock: Lock | None) -> str:
    """`hold` gets on with other holders and with changes, but not with a deletion."""
    match lock:
        case "hold":
            return f"for key share of {', '.join(each.alias for each in kind.chain)}"
        case "change":
            return f"for no key update of {kind.alias}"
        case "delete":
            return f"for update of {kind.alias}"
    return ""


async def is_visible(
    db: Database, actor: Actor | None, kind: Kind, node_id: str, *, inactive: bool
) -> bool:
    where = _seen(kind, actor, inactive=inactive)
    where.add(f"{kind.alias}.id = {{}}", node_id)
    sql = f"select exists (select from {kind.source} where {where})"
    return bool(await db.fetchval(sql, *where.values))


def _stored(fields: dict[str, Any], before: Node | None) -> dict[str, Any]:
    """Columns and values of a node's fields, with the keys that follow from its name."""
    columns = {COLUMN_OF.get(name, name): value for name, value in fields.items()}
    known = {"name": before.name, "description": before.description} if before else {}
    shown = {**known, **fields}
    key = text.name_key(shown["name"])
    return {
        **columns,
        "name_key": key,
        "search_key": f"{key}\n{text.name_key(shown['description'])}",
    }


async def insert(tx: Database, kind: Kind, node_id: str, fields: dict[str, Any]) -> None:
    """Raise asyncpg.UniqueViolationError where the parent has a node of an equal name."""
    values = {"id": node_id, **_stored(fields, None)}
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    sql = f"insert into {kind.table} ({', '.join(values)}) values ({places})"
    await tx.execute(sql, *values.values())


async def update(tx: Database, kind: Kind, before: Node, fields: dict[str, Any]) -> None:
    """Raise asyncpg.UniqueViolationError where the parent has a node of an equal name."""
    values = _stored(fields, before)
    sets = ", ".join(f"{column} = ${n}" for n, column in enumerate(values, start=2))
    sql = f"update {kind.table} set {sets}, updated_at = now() where id = $1"
    await tx.execute(sql, before.id, *values.values())


async def mark_deleted(tx: Database, kind: Kind, node_id: str) -> None:
    sql = f"update {kind.table} set deleted_at = now(), updated_at = now() where id = $1"
    await tx.execute(sql, node_id)


async def count_enrolled(db: Database, kind: Kind, node_id: str) -> int:
    """Approved enrollments in what is left of a node. Requests under way do not count: nobody
    loses access by their end, and their approval is refused once the subject is gone."""
    sql = f"""
    select count(*) from enrollments e join {SUBJECT.source} on s.id = e.subject_id
    where e.status = 'APPROVED' and {SUBJECT.present} and {kind.alias}.id = $1
    """
    return int(await db.fetchval(sql, node_id))


async def can_teach(db: Database, user_id: str) -> bool:
    """Whether this is an active user whose role of mentor is effective now."""
    sql = f"""
    select exists (
        select from users u join user_roles r on r.user_id = u.id
        where u.id = $1 and u.status = 'ACTIVE' and u.deleted_at is null
          and r.role = 'MENTOR' and {EFFECTIVE})
    """
    return bool(await db.fetchval(sql, user_id))
