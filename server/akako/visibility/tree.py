"""The tree of the curriculum: what is in what, and which of it a caller may see.

A node that is inactive or deleted takes everything below it out of sight, and nothing below it is
rewritten: one update brings all of it back.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import msgspec

from akako.kernel.core.access import LEARNER, MENTOR, ROLES, Actor
from akako.kernel.db.pages import Where


class Kind(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A kind of node: its name in the API, its table, and the kind that it is in."""

    resource: str
    table: str
    alias: str  # of the table, in every statement
    parent: Kind | None = None
    parent_column: str = ""

    @cached_property
    def chain(self) -> list[Kind]:
        """This kind and those that it is in, up to the levels."""
        return [self, *(self.parent.chain if self.parent else [])]

    @cached_property
    def source(self) -> str:
        """The FROM clause of the node with all that it is in."""
        joins = [
            f"join {up.table} {up.alias} on {up.alias}.id = {kind.alias}.{kind.parent_column}"
            for kind, up in pairwise(self.chain)
        ]
        return " ".join([f"{self.table} {self.alias}", *joins])

    @cached_property
    def present(self) -> str:
        """SQL: neither the node nor anything that it is in was deleted."""
        return self._throughout("deleted_at is null")

    @cached_property
    def active(self) -> str:
        """SQL: the node and all that it is in are active."""
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
    """The placeholder of a value for use outside of the conditions."""
    where.values.append(value)
    return f"${len(where.values)}"


def visible(where: Where, kind: Kind, actor: Actor | None, *, inactive: bool) -> str:
    """SQL: the caller may see this node, supposing it is present.

    Mentors see their subjects, and the topics in them, while those are not active yet; with
    `inactive` everything is seen.
    """
    if inactive:
        return "true"
    if actor and actor.has(MENTOR) and SUBJECT in kind.chain:
        return f"({kind.active} or s.mentor_id = {bind(where, actor.user_id)})"
    return f"({kind.active})"


def readable(where: Where, actor: Actor | None) -> str:
    """SQL: the caller may read what a topic teaches, its text, documents and video.

    Administrators may, the subject's mentor, and learners with an approved enrollment while the
    topic and all that it is in are active. Everything that hands out material asks this.
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
