"""List deleted nodes, and restore them within 30 days."""

from __future__ import annotations

import asyncpg

from akako.curriculum.schemas import DeletedNode
from akako.education import queries, service
from akako.education.nodes import N, Nodes
from akako.kernel.core.access import Actor
from akako.kernel.core.envelope import Listed
from akako.kernel.core.errors import Conflict, InvalidState, NotFound
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Choice, Sort, Spec
from akako.kernel.db.pages import Where
from akako.visibility import access
from akako.visibility.tree import GRADE, LEVEL, SUBJECT, TOPIC, Kind

RECENT = "{}.deleted_at > now() - interval '30 days'"
NAMES = {LEVEL: "level", GRADE: "grade", SUBJECT: "subject", TOPIC: "topic"}


def _deleted(kind: Kind) -> str:
    """Return the SELECT of the deleted nodes of a kind whose ancestors are present."""
    ancestors = kind.chain[1:]
    path = ", ".join(f"{each.alias}.name" for each in reversed(ancestors))
    conditions = [
        RECENT.format(kind.alias),
        *(f"{each.alias}.deleted_at is null" for each in ancestors),
    ]
    alias = kind.alias
    return f"""
    select '{NAMES[kind]}' as kind, {alias}.id, {alias}.name, {alias}.sort_key, {alias}.deleted_at,
        {alias}.deleted_by, '{kind.resource}' as resource, array[{path}]::text[] as path
    from {kind.source} where {" and ".join(conditions)}
    """


SOURCE = f"({' union all '.join(_deleted(kind) for kind in NAMES)}) d"
# Deletions by an earlier version stored the user in the audit log only.
COLUMNS = """
d.kind, d.id, d.name, d.deleted_at, d.path, coalesce(d.deleted_by, (
    select a.actor_user_id from audit_log a
    where a.resource = d.resource and a.resource_id = d.id and a.action = d.resource || '.deleted'
    order by a.id desc limit 1)) as deleted_by
"""
DELETED = Spec(
    sorts={"deletedAt": Sort("d.deleted_at"), "name": Sort("d.sort_key", "text")},
    default="deletedAt",
    descending=True,
    filters={"kind": Choice(tuple(NAMES.values()), many=True)},
    identity="d.id",
)


def _row(row: asyncpg.Record) -> DeletedNode:
    return DeletedNode(**{name: row[name] for name in DeletedNode.__struct_fields__})


async def list_deleted(db: Database, request: listing.Request) -> Listed[DeletedNode]:
    where = Where()
    if request["kind"]:
        where.add("d.kind = any({})", list(request["kind"]))
    return await pages.fetch(
        db, DELETED, request, source=SOURCE, columns=COLUMNS, where=where, build=_row
    )


async def restore(db: Database, actor: Actor, nodes: Nodes[N], node_id: str) -> N:
    """Undo the deletion of a node.

    Raises:
        NotFound: the node is not deleted, or was deleted more than 30 days ago.
        InvalidState: an ancestor is deleted.
        Conflict: another node of the parent has the name.
    """
    kind = nodes.kind
    async with db.transaction() as tx:
        found = await _lock(tx, kind, node_id)
        if found is None:
            raise NotFound(kind.resource, node_id)
        if kind is TOPIC:
            access.require_owner(actor, found["mentor_id"])
        if not found["placed"]:
            message = "An ancestor is deleted. Restore it first."
            raise InvalidState(kind.resource, node_id, "DELETED", ("PRESENT",), message)
        await _undelete(tx, kind, node_id, found["name"])
        node = await queries.find(tx, actor, nodes, node_id, inactive=True)
        assert node is not None
        await service.record_change(tx, actor, kind, "restored", None, node)
        return node


async def _lock(tx: Database, kind: Kind, node_id: str) -> asyncpg.Record | None:
    """Lock a deleted node, and its ancestors against deletion; for a topic, their order too."""
    ancestors = kind.chain[1:]
    placed = " and ".join(f"{each.alias}.deleted_at is null" for each in ancestors) or "true"
    mentor = "s.mentor_id" if kind is TOPIC else "null::text as mentor_id"
    locks = [f"for update of {kind.alias}"]
    if kind is TOPIC:
        locks.append("for no key update of s")
    locks += [f"for key share of {each.alias}" for each in ancestors if each is not SUBJECT]
    if kind is not TOPIC and SUBJECT in ancestors:
        locks.append("for key share of s")
    return await tx.fetchrow(
        f"""
        select {kind.alias}.name, {placed} as placed, {mentor} from {kind.source}
        where {kind.alias}.id = $1 and {RECENT.format(kind.alias)} {" ".join(locks)}
        """,
        node_id,
    )


async def _undelete(tx: Database, kind: Kind, node_id: str, name: str) -> None:
    sets = "deleted_at = null, deleted_by = null, updated_at = now()"
    try:
        async with tx.transaction():
            await tx.execute(f"update {kind.table} set {sets} where id = $1", node_id)
    except asyncpg.UniqueViolationError:
        raise Conflict(kind.resource, "name", name) from None
    if kind is TOPIC:
        await tx.execute(KEEP_ORDER, node_id)


# The topic returns to its place, unless another topic has taken it.
KEEP_ORDER = """
update topics restored set position = (
    select max(t.position) + 1 from topics t
    where t.subject_id = restored.subject_id and t.deleted_at is null and t.id <> restored.id)
where restored.id = $1 and exists (
    select from topics t where t.subject_id = restored.subject_id and t.deleted_at is null
    and t.id <> restored.id and t.position = restored.position)
"""
