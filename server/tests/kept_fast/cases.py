"""Every list with every way to sort and filter it, and the index that its page must come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from akako.education import queries as education
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, TOPICS, N, Nodes
from akako.enrollment import queries as enrollment
from akako.identity import queries as identity
from akako.kernel.core.access import Actor
from akako.kernel.db import cursors
from akako.kernel.db.listing import Spec
from akako.library import queries as library
from akako.mentors import queries as mentors
from akako.ops import history
from akako.ops.history import AuditFilter
from tests.kept_fast.plans import MODES, Ask

ROLES = ("ADMIN", "MENTOR", "LEARNER")
CALLERS = [
    None,
    *(Actor(user_id="u7", clerk_id="user_7", roles=(role,)) for role in ROLES),
]
TEN_MINUTES = ("2026-01-02T00:00:00Z", "2026-01-02T00:10:00Z")
LATE = datetime(2026, 1, 2, 1, tzinfo=UTC)  # row 90,000
FOR_VALUES = MODES[:1]


class Case(NamedTuple):
    """`pattern`: of the index's name. `sorts`: few rows are found, then sorted. `narrow`: the count
    reads no table as a whole.

    `modes`: what is rare is found by a plan for its value. One for all values would have to suppose
    that there is much of it.
    """

    name: str
    ask: Ask
    spec: Spec
    params: dict[str, str]
    pattern: str
    sorts: bool = False
    narrow: bool = False
    modes: tuple[str, ...] = MODES
    seeks: bool = False  # begins within the index, at the cursor


def cursor(sort: str, order: str, value: object, id: str) -> dict[str, str]:
    return {"sort": sort, "order": order, "cursor": cursors.encode(4500, sort, order, value, id)}


def between(prefix: str) -> dict[str, str]:
    return {f"{prefix}From": TEN_MINUTES[0], f"{prefix}To": TEN_MINUTES[1]}


def all_cases() -> Iterator[Case]:
    yield from users()
    yield from of_curriculum(LEVELS, None)
    yield from of_curriculum(GRADES, "l5")
    yield from of_curriculum(SUBJECTS, "g5")
    yield from of_curriculum(TOPICS, "s5")
    yield from enrollments()
    yield from applications()
    yield from audit_entries()
    yield Case(
        "documents of a topic",
        lambda db, request: library.list_documents(db, request, "t5"),
        library.DOCUMENTS,
        {},
        "documents_topic",
        narrow=True,
    )


def users() -> Iterator[Case]:
    def case(
        name: str, params: dict[str, str], index: str, *, sorts: bool = False, narrow: bool = False
    ) -> Case:
        modes = FOR_VALUES if {"search", "role", "status"} & set(params) else MODES
        return Case(
            f"users {name}",
            identity.list_users,
            identity.USERS,
            params,
            index,
            sorts=sorts,
            narrow=narrow,
            modes=modes,
        )

    sorts = {
        "createdAt": "users_created",
        "updatedAt": "users_updated",
        "email": "users_email_folded",
        "firstName": "users_first_name_sorted",
        "lastName": "users_last_name_sorted",
    }
    assert set(sorts) == set(identity.USERS.sorts)
    middle = {"email": "person5", "firstName": "ama5", "lastName": "mensah5"}
    for sort, index in sorts.items():
        value = middle.get(sort, LATE)
        for order in ("asc", "desc"):
            yield case(f"by {sort} {order}", {"sort": sort, "order": order}, index, narrow=True)
            after = case(f"after {sort} {order}", cursor(sort, order, value, "u9"), index)
            yield after._replace(seeks=True)
    one = case("called person77777", {"search": "person77777"}, "users_search", narrow=True)
    one = one._replace(sorts=True)
    yield one
    # Where one row in 100 matches, a page is soon full in any order.
    john = one._replace(name="users called john", params={"search": "john"})
    yield john._replace(pattern="users_(search|created)")
    yield case("administrators", {"role": "ADMIN"}, "user_roles_admins", sorts=True, narrow=True)
    yield case("learners", {"role": "LEARNER"}, "users_created")
    yield case("suspended", {"status": "SUSPENDED"}, "users_status", narrow=True)
    yield case("inactive", {"isActive": "false"}, "users_created")
    yield case("deleted", {"status": "DELETED"}, "users_deleted", narrow=True)
    yield case("of ten minutes", between("created"), "users_created", narrow=True)
    changed = {**between("updated"), "sort": "updatedAt"}
    yield case("changed in ten minutes", changed, "users_updated", narrow=True)


def of_curriculum(nodes: Nodes[N], parent: str | None) -> Iterator[Case]:
    table = nodes.kind.table

    def ask(actor: Actor | None, *, inactive: bool = False) -> Ask:
        return lambda db, request: education.page(
            db, actor, nodes, parent, request, inactive=inactive
        )

    below = parent is not None
    sorts = {"createdAt": "created", "updatedAt": "updated", "name": "sorted"}
    if nodes is TOPICS:
        sorts = {"position": "position", **sorts}
    assert set(sorts) == set(nodes.spec.sorts)
    for caller in CALLERS:
        who = caller.roles[0] if caller else "anybody"
        for sort, ending in sorts.items():
            for order in ("asc", "desc"):
                yield Case(
                    f"{table} by {sort} {order} for {who}",
                    ask(caller),
                    nodes.spec,
                    {"sort": sort, "order": order},
                    f"{table}_{ending}",
                    narrow=below,
                )
        yield Case(
            f"{table} called 77777 for {who}",
            ask(caller),
            nodes.spec,
            {"search": "node 77777"},
            # In one parent both its own index and that of searches leave little to read.
            rf"{table}_\w+" if below else f"{table}_search",
            sorts=True,
            narrow=True,
            modes=FOR_VALUES,
        )
    middle = {"name": "node 09", "position": 500}
    for sort, ending in sorts.items():
        yield Case(
            f"{table} after {sort}",
            ask(None),
            nodes.spec,
            cursor(sort, "asc", middle.get(sort, LATE), "x9"),
            f"{table}_{ending}",
            narrow=below,
            seeks=True,
        )
    index = f"{table}_created"
    first = f"{table}_{sorts[nodes.spec.default]}"
    yield Case(f"{table} of all kinds", ask(CALLERS[1], inactive=True), nodes.spec, {}, first)
    yield Case(
        f"{table} of ten minutes",
        ask(None),
        nodes.spec,
        between("created"),
        index,
        sorts=True,
        narrow=True,
    )


def enrollments() -> Iterator[Case]:
    def case(name: str, params: dict[str, str], index: str = "enrollments_pending") -> Case:
        return Case(
            f"pending enrollments {name}",
            enrollment.list_pending,
            enrollment.PENDING,
            params,
            index,
        )

    for order in ("asc", "desc"):
        yield case(order, {"order": order})
        yield case(f"after, {order}", cursor("requestedAt", order, LATE, "e9"))._replace(seeks=True)
    one = case("of a subject", {"subjectId": "s500"}, "enrollments_subject")
    yield one._replace(sorts=True, narrow=True)
    yield case("of ten minutes", between("created"))._replace(narrow=True)
    # Their texts lie in two tables, so a search reads those that are pending.
    yield case("called john", {"search": "john"})
    yield Case(
        "own enrollments",
        lambda db, request: enrollment.list_of_user(db, "u5", request),
        enrollment.OWN,
        {},
        "enrollments_user",
        sorts=True,
        narrow=True,
    )


def applications() -> Iterator[Case]:
    def case(name: str, params: dict[str, str], index: str = "mentor_applications_pending") -> Case:
        return Case(
            f"pending applications {name}", mentors.list_pending, mentors.PENDING, params, index
        )

    for order in ("asc", "desc"):
        yield case(order, {"order": order})
        yield case(f"after, {order}", cursor("requestedAt", order, LATE, "a9"))._replace(seeks=True)
    rare = case("called person77778", {"search": "person77778"}, "users_search")
    yield rare._replace(sorts=True, narrow=True, modes=FOR_VALUES)
    yield Case(
        "own applications",
        lambda db, request: mentors.list_of_user(db, "u5", request),
        mentors.OWN,
        {},
        "mentor_applications_user",
        sorts=True,
        narrow=True,
    )


def audit_entries() -> Iterator[Case]:
    def case(name: str, chosen: AuditFilter, params: dict[str, str], index: str) -> Case:
        return Case(
            f"audit_entries {name}",
            lambda db, request: history.list_entries(db, chosen, request),
            history.ENTRIES,
            params,
            index,
        )

    everything = AuditFilter()
    for order in ("asc", "desc"):
        yield case(order, everything, {"order": order}, "audit_log_at")
        after = case(
            f"after, {order}",
            everything,
            cursor("createdAt", order, LATE, "9" * 20),
            "audit_log_at",
        )
        yield after._replace(seeks=True)
    ten = case("of ten minutes", everything, between("created"), "audit_log_at")
    yield ten._replace(narrow=True)
    one = AuditFilter(resource="enrollment", resource_id="e5")
    for name, chosen, index in (
        ("of one actor", AuditFilter(actor="u5"), "audit_log_actor"),
        ("about something", one, "audit_log_resource"),
        ("of a kind", AuditFilter(action="user.updated"), "audit_log_action"),
    ):
        yield case(name, chosen, {}, index)._replace(sorts=True, narrow=True, modes=FOR_VALUES)
