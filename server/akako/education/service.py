"""Business rules of levels, grades, subjects and topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import asyncpg
import msgspec

from akako.education import queries
from akako.education.nodes import GRADES, LEVELS, SUBJECT_DETAILS, SUBJECTS, TOPICS, Nodes
from akako.education.queries import Lock
from akako.education.schemas import (
    Deleted,
    Grade,
    GradeCreate,
    Level,
    LevelCreate,
    LevelUpdate,
    Node,
    Subject,
    SubjectCreate,
    Topic,
    TopicCreate,
)
from akako.kernel.core import etags, validation
from akako.kernel.core.access import ADMIN, Actor, requires
from akako.kernel.core.envelope import Listed
from akako.kernel.core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from akako.kernel.core.ids import new_id
from akako.kernel.db import audit, listing
from akako.kernel.db.database import Database
from akako.notifications import service as notifications
from akako.visibility import access
from akako.visibility.tree import Kind

N = TypeVar("N", bound=Node)
MENTORS_MAY_CHANGE = {"description", "image_url"}  # of their own subjects
NOT_AUDITED = {"mentor", "mentorEmail", "documents"}


class Edit(msgspec.Struct, frozen=True):
    """A requested change with its precondition."""

    changes: LevelUpdate
    echoed: Mapping[str, Any] = {}
    if_match: str | None = None


async def list_nodes(
    db: Database,
    actor: Actor | None,
    nodes: Nodes[N],
    parent_id: str | None,
    request: listing.Request,
) -> Listed[N]:
    """Return the nodes in a parent (None: all levels). Raises NotFound if it is not visible."""
    if request["isActive"] is not None or request["includeInactive"]:
        requires(ADMIN).check(actor.roles if actor else ())
    inactive = request["includeInactive"] or request["isActive"] is False
    found = await queries.page(db, actor, nodes, parent_id, request, inactive=inactive)
    parent = nodes.kind.parent
    # A row in the list proves that the parent is visible, so only an empty list needs the check.
    if found.pagination.total or parent is None or parent_id is None:
        return found
    if not await queries.is_visible(db, actor, parent, parent_id, inactive=inactive):
        raise NotFound(parent.resource, parent_id)
    return found


async def get_node(db: Database, actor: Actor | None, nodes: Nodes[N], node_id: str) -> N:
    """Return a node. Administrators can read inactive ones too."""
    inactive = actor is not None and actor.is_admin
    node = await queries.find(db, actor, nodes, node_id, inactive=inactive)
    if node is None:
        raise NotFound(nodes.kind.resource, node_id)
    return node


async def create_level(db: Database, actor: Actor, *, level: LevelCreate) -> Level:
    async with db.transaction() as tx:
        return await _create(tx, actor, LEVELS, level)


async def create_grade(db: Database, actor: Actor, *, grade: GradeCreate) -> Grade:
    async with db.transaction() as tx:
        await _locked(tx, actor, LEVELS, grade.education_level_id, "hold")
        return await _create(tx, actor, GRADES, grade)


async def create_subject(db: Database, actor: Actor, *, subject: SubjectCreate) -> Subject:
    async with db.transaction() as tx:
        await _locked(tx, actor, GRADES, subject.grade_id, "hold")
        await _check_mentor(tx, subject.mentor_id)
        return await _create(tx, actor, SUBJECTS, subject)


async def create_topic(db: Database, actor: Actor, *, topic: TopicCreate) -> Topic:
    async with db.transaction() as tx:
        subject = await _locked(tx, actor, SUBJECTS, topic.subject_id, "extend")
        access.require_owner(actor, subject.mentor_id)
        created = await _create(tx, actor, TOPICS, topic)
        if created.is_active:
            await notifications.announce_topic(tx, created.subject_id, created.id)
        return created


async def update_node(
    db: Database, actor: Actor, nodes: Nodes[N], node_id: str, *, edit: Edit
) -> N:
    """Update a level or a grade."""
    async with db.transaction() as tx:
        before = await _locked(tx, actor, nodes, node_id, "change")
        return await _change(tx, actor, nodes, before, edit)


async def update_subject(db: Database, actor: Actor, subject_id: str, *, edit: Edit) -> Subject:
    """Update a subject. Its mentor can change only description and image."""
    async with db.transaction() as tx:
        before = await _locked(tx, actor, SUBJECTS, subject_id, "change")
        access.require_owner(actor, before.mentor_id)
        changed = _changed(before, edit.changes)
        if not actor.is_admin and changed.keys() - MENTORS_MAY_CHANGE:
            raise Forbidden(required=(ADMIN,), user_roles=actor.roles)
        await _check_mentor(tx, changed.get("mentor_id"))
        if "mentor_id" in changed and before.mentor_id:
            await notifications.withdraw_shared_notes(tx, before.mentor_id, subject_id)
        return await _change(tx, actor, SUBJECTS, before, edit)


async def update_topic(db: Database, actor: Actor, topic_id: str, *, edit: Edit) -> Topic:
    async with db.transaction() as tx:
        await _own_topic(tx, actor, topic_id)
        before = await _locked(tx, actor, TOPICS, topic_id, "change")
        after = await _change(tx, actor, TOPICS, before, edit)
        if after.is_active and not before.is_active:
            await notifications.announce_topic(tx, after.subject_id, after.id)
        return after


async def delete_node(
    db: Database, actor: Actor, nodes: Nodes[N], node_id: str, *, force: bool, if_match: str | None
) -> Deleted:
    """Delete a level, grade or subject; everything below it becomes invisible.

    Raises Conflict if learners are enrolled below, unless forced.
    """
    async with db.transaction() as tx:
        before = await _locked(tx, actor, nodes, node_id, "delete")
        await _require_current(tx, actor, before, if_match)
        if not force and (count := await queries.count_enrolled(tx, nodes.kind, node_id)):
            message = "Learners are enrolled here; repeat with force=true to delete it anyway"
            raise Conflict(nodes.kind.resource, "enrollments", count, message)
        return await _delete(tx, actor, nodes.kind, before)


async def delete_topic(
    db: Database, actor: Actor, topic_id: str, *, if_match: str | None
) -> Deleted:
    async with db.transaction() as tx:
        await _own_topic(tx, actor, topic_id)
        before = await _locked(tx, actor, TOPICS, topic_id, "delete")
        etags.require(if_match, before)
        return await _delete(tx, actor, TOPICS.kind, before)


async def _locked(tx: Database, actor: Actor, nodes: Nodes[N], node_id: str, lock: Lock) -> N:
    node = await queries.find(tx, actor, nodes, node_id, inactive=True, lock=lock)
    if node is None:
        raise NotFound(nodes.kind.resource, node_id)
    return node


async def _own_topic(tx: Database, actor: Actor, topic_id: str) -> None:
    found = await access.find_topic_access(tx, actor, topic_id, hold=True)
    if found is None:
        raise NotFound("topic", topic_id)
    access.require_write(actor, found)


async def _check_mentor(tx: Database, mentor_id: str | None) -> None:
    if mentor_id is not None and not await queries.can_teach(tx, mentor_id):
        raise ValidationFailed.of("mentorId", "Must be an active mentor", mentor_id)


async def _create(tx: Database, actor: Actor, nodes: Nodes[N], given: LevelCreate) -> N:
    kind, node_id = nodes.kind, new_id()
    try:
        async with tx.transaction():
            await queries.insert(tx, kind, node_id, validation.supplied(given))
    except asyncpg.UniqueViolationError:
        raise Conflict(kind.resource, "name", given.name) from None
    node = await queries.find(tx, actor, nodes, node_id, inactive=True)
    assert node is not None
    await record_change(tx, actor, kind, "created", None, node)
    return node


def _changed(before: Node, changes: LevelUpdate) -> dict[str, Any]:
    """Return the fields whose new value differs."""
    sent = validation.supplied(changes)
    return {name: value for name, value in sent.items() if value != getattr(before, name)}


async def _change(tx: Database, actor: Actor, nodes: Nodes[N], before: N, edit: Edit) -> N:
    """Store the fields that differ. `updatedAt` stays if none differs."""
    if edit.echoed:
        validation.check_read_only(edit.echoed, await _as_read(tx, actor, before))
    await _require_current(tx, actor, before, edit.if_match)
    changed = _changed(before, edit.changes)
    if not changed:
        return before
    kind = nodes.kind
    try:
        async with tx.transaction():
            await queries.update(tx, kind, before, changed)
    except asyncpg.UniqueViolationError:
        raise Conflict(kind.resource, "name", changed["name"]) from None
    after = await queries.find(tx, actor, nodes, before.id, inactive=True)
    assert after is not None
    await record_change(tx, actor, kind, "updated", before, after)
    return after


async def _as_read(tx: Database, actor: Actor, node: Node) -> Node:
    """Return the node as this caller reads it by its id."""
    if not isinstance(node, Subject):
        return node
    detail = await queries.find(tx, actor, SUBJECT_DETAILS, node.id, inactive=True)
    assert detail is not None
    return detail


async def _require_current(tx: Database, actor: Actor, before: Node, if_match: str | None) -> None:
    """Raise PreconditionFailed unless `If-Match` names the tag of a write or of a read."""
    if if_match is None:
        return
    as_read = await _as_read(tx, actor, before)
    if as_read is before or not etags.if_match(if_match, etags.of(as_read)):
        etags.require(if_match, before)


async def _delete(tx: Database, actor: Actor, kind: Kind, before: Node) -> Deleted:
    await queries.mark_deleted(tx, kind, before.id, actor.user_id)
    await record_change(tx, actor, kind, "deleted", before, None)
    return Deleted(before.id)


async def record_change(
    tx: Database, actor: Actor, kind: Kind, verb: str, before: Node | None, after: Node | None
) -> None:
    """Write the audit entry and the event of a change."""
    node = after or before
    assert node is not None
    action, event = f"{kind.resource}.{verb}", {"id": node.id}
    states = {"before": _audited(before), "after": _audited(after)}
    await audit.record(tx, actor, action, kind.resource, node.id, **states, announces=event)


def _audited(node: Node | None) -> dict[str, Any] | None:
    """Return a node for the audit log, with ids instead of personal data."""
    if node is None:
        return None
    shown = msgspec.to_builtins(node)
    return {name: shown[name] for name in shown.keys() - NOT_AUDITED}
