"""SQL conditions on the curriculum tree: ancestors, and the nodes that a caller may see.

An inactive or deleted node hides everything below it without changing it, so one update restores
all of it.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import msgspec

from akako.kernel.core.access import LEARNER, MENTOR, ROLES, Actor
from akako.kernel.db.pages import Where


class Kind(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A kind of node: its name in the API, its table, and the kind of its parent."""

    resource: str
    table: str
    alias: str  # of the table, used in every statement
    parent: Kind | None = None
    parent_column: str = ""

    @cached_property
    def chain(self) -> list[Kind]:
        """Return this kind and its ancestors, up to levels."""
        return [self, *(self.parent.chain if self.parent else [])]

    @cached_property
    def source(self) -> str:
        """Return the FROM clause of a node joined with its ancestors."""
        joins = [
            f"join {up.table} {up.alias} on {up.alias}.id = {kind.alias}.{kind.parent_column}"
            for kind, up in pairwise(self.chain)
        ]
        return " ".join([f"{self.table} {self.alias}", *joins])

    @cached_property
    def present(self) -> str:
        """Return the condition that neither the node nor an ancestor is deleted."""
        return self._throughout("deleted_at is null")

    @cached_property
    def active(self) -> str:
        """Return the condition that the node and its ancestors are active."""
        return self._throughout("is_active")

    def _throughout(self, condition: str) -> str:
        return " and ".join(f"{kind.alias}.{condition}" for kind in self.chain)


LEVEL = Kind(resource="education_level", table="education_levels", alias="l")
GRADE = Kind(resource="grade", table="grades", alias="g", parent=LEVEL, parent_column="level_id")
SUBJECT = Kind(
    resource="subject", table="subjects", alias="s", parent=GRADE, parent_column="grade_id"
)
TOPIC = Kind(
    resource="topic", table="topics", alias="t", parent=SUBJECT, parent_column="subject_id"
)


def bind(where: Where, value: object) -> str:
    """Return the placeholder of a value that is used outside the conditions."""
    where.values.append(value)
    return f"${len(where.values)}"


def visible(where: Where, kind: Kind, actor: Actor | None, *, inactive: bool) -> str:
    """Return the condition that the caller may see a node that is not deleted.

    Mentors see their own inactive subjects and topics. With `inactive`, all nodes are visible.
    """
    if inactive:
        return "true"
    if actor and actor.has(MENTOR) and SUBJECT in kind.chain:
        return f"({kind.active} or s.mentor_id = {bind(where, actor.user_id)})"
    return f"({kind.active})"


def readable(where: Where, actor: Actor | None) -> str:
    """Return the condition that the caller may read the text, documents and video of a topic.

    Administrators and the subject's mentor can; learners can with an approved enrollment while the
    topic and its ancestors are active. Every endpoint that returns material uses this condition.
    """
    if actor is None or not actor.has(*ROLES):
        return "false"
    if actor.is_admin:
        return "true"
    me = bind(where, actor.user_id)
    cases = {
        MENTOR: f"s.mentor_id = {me}",
        LEARNER: f"""{TOPIC.active} and s.id in (select e.subject_id from enrollments e
            where e.user_id = {me} and e.status = 'APPROVED')""",
    }
    return f"({' or '.join(cases[role] for role in cases if actor.has(role))})"
