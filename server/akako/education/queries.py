"""SQL about levels, grades, subjects and topics."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from akako.education.nodes import Nodes
from akako.education.schemas import Node
from akako.identity.queries import EFFECTIVE
from akako.kernel.core import text
from akako.kernel.core.access import Actor
from akako.kernel.core.envelope import Listed
from akako.kernel.core.search_keys import search_key
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where
from akako.naming.sort_keys import sort_key
from akako.visibility.tree import SUBJECT, Kind, visible

N = TypeVar("N", bound=Node)
Lock = Literal["hold", "extend", "change", "delete"]
# Fields whose column has a different name.
COLUMN_OF = {"education_level_id": "level_id", "level": "stage"}


def seen(kind: Kind, actor: Actor | None, *, inactive: bool) -> Where:
    """Return the conditions for the nodes that the caller may see."""
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
    """Return a page of the nodes that the caller may see; empty if the parent is not visible."""
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
    """Return a node that the caller may see; with `inactive`, any node that is not deleted.

    Row locks last until the end of the transaction: `hold` keeps the node and its ancestors from
    deletion, `extend` also the order of its children, `change` and `delete` lock it for that.
    """
    kind, where = nodes.kind, seen(nodes.kind, actor, inactive=inactive)
    where.add(f"{kind.alias}.id = {{}}", node_id)
    columns = nodes.columns(where, actor)
    sql = f"select {columns} from {kind.source} where {where} {_locking(kind, lock)}"
    row = await db.fetchrow(sql, *where.values)
    return nodes.build(row, actor) if row else None


def _locking(kind: Kind, lock: Lock | None) -> str:
    """Return the locking clause. `hold` conflicts with deletions only."""
    match lock:
        case "hold":
            return f"for key share of {', '.join(each.alias for each in kind.chain)}"
        case "extend":
            held = ", ".join(each.alias for each in kind.chain[1:])
            return f"for no key update of {kind.alias} for key share of {held}"
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


def name_keys(name: str, description: str) -> dict[str, str]:
    """Return the columns by which a node is sorted and searched."""
    return {"sort_key": sort_key(name), "search_key": search_key(name, description)}


def _stored(fields: dict[str, Any], before: Node | None) -> dict[str, Any]:
    """Return the columns and values of a node, including the keys computed from its name."""
    columns = {COLUMN_OF.get(name, name): value for name, value in fields.items()}
    known = {"name": before.name, "description": before.description} if before else {}
    shown = {**known, **fields}
    key = text.name_key(shown["name"])
    searched = name_keys(shown["name"], shown["description"])
    content = {"content_key": search_key(fields["content"])} if "content" in fields else {}
    return {**columns, "name_key": key, **searched, **content}


async def insert(tx: Database, kind: Kind, node_id: str, fields: dict[str, Any]) -> None:
    """Raises asyncpg.UniqueViolationError if the parent has a node with an equal name."""
    values = {"id": node_id, **_stored(fields, None)}
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    sql = f"insert into {kind.table} ({', '.join(values)}) values ({places})"
    await tx.execute(sql, *values.values())


async def update(tx: Database, kind: Kind, before: Node, fields: dict[str, Any]) -> None:
    """Raises asyncpg.UniqueViolationError if the parent has a node with an equal name."""
    values = _stored(fields, before)
    sets = ", ".join(f"{column} = ${n}" for n, column in enumerate(values, start=2))
    sql = f"update {kind.table} set {sets}, updated_at = now() where id = $1"
    await tx.execute(sql, before.id, *values.values())


async def mark_deleted(tx: Database, kind: Kind, node_id: str, deleted_by: str) -> None:
    sets = "deleted_at = now(), updated_at = now(), deleted_by = $2"
    sql = f"update {kind.table} set {sets} where id = $1"
    await tx.execute(sql, node_id, deleted_by)


async def count_enrolled(db: Database, kind: Kind, node_id: str) -> int:
    """Return the number of approved enrollments below a node. Pending requests do not count."""
    sql = f"""
    select count(*) from enrollments e join {SUBJECT.source} on s.id = e.subject_id
    where e.status = 'APPROVED' and {SUBJECT.present} and {kind.alias}.id = $1
    """
    return int(await db.fetchval(sql, node_id))


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the subjects that the user teaches, for the export of personal data."""
    sql = f"""
    select s.id, s.name from {SUBJECT.source} where s.mentor_id = $1 and {SUBJECT.present}
    order by s.sort_key, s.id
    """
    return {"taughtSubjects": [dict(row) for row in await db.fetch(sql, user_id)]}


async def can_teach(db: Database, user_id: str) -> bool:
    """Return whether the user is active and has an effective MENTOR role."""
    sql = f"""
    select exists (
        select from users u join user_roles r on r.user_id = u.id
        where u.id = $1 and u.status = 'ACTIVE' and u.deleted_at is null
          and r.role = 'MENTOR' and {EFFECTIVE})
    """
    return bool(await db.fetchval(sql, user_id))
