"""SQL about levels, grades, subjects and topics."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from akako.education.nodes import Nodes
from akako.education.schemas import Node
from akako.identity.queries import EFFECTIVE
from akako.kernel.core import text
from akako.kernel.core.access import Actor
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where
from akako.visibility.tree import SUBJECT, Kind, visible

N = TypeVar("N", bound=Node)
Lock = Literal["hold", "change", "delete"]
# Where the name of a field is not that of its column.
COLUMN_OF = {"education_level_id": "level_id", "level": "stage"}


def seen(kind: Kind, actor: Actor | None, *, inactive: bool) -> Where:
    """What makes a node of `kind.source` one that the caller may see."""
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
    kind, where = nodes.kind, seen(nodes.kind, actor, inactive=inactive)
    if parent_id is not None:
        where.add(f"{kind.alias}.{kind.parent_column} = {{}}", parent_id)
    if request["isActive"] is not None:
        where.add(f"{kind.alias}.is_active = {{}}", request["isActive"])
    where.search(f"{kind.alias}.search_key", request.search)
    where.dates(nodes.spec, request)
    return await pages.fetch(
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
    kind, where = nodes.kind, seen(nodes.kind, actor, inactive=inactive)
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
    where = seen(kind, actor, inactive=inactive)
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
