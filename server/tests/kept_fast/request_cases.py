"""The lists of requests in all states, and of notifications."""

from __future__ import annotations

from collections.abc import Iterator

from akako.enrollment import queries as enrollment
from akako.mentors import queries as mentors
from akako.notifications import queries as notifications
from tests.kept_fast.cases import FOR_VALUES, LATE, Case, between, cursor


def request_cases() -> Iterator[Case]:
    yield from requests_in_all_states()
    yield from notices()


def requests_in_all_states() -> Iterator[Case]:
    """The lists of enrollments and of applications for administrators."""

    def both(name: str, params: dict[str, str], index: str) -> Iterator[Case]:
        for table, ask, spec in (
            ("enrollments", enrollment.list_all, enrollment.ALL),
            ("mentor_applications", mentors.list_all, mentors.ALL),
        ):
            yield Case(f"all {table} {name}", ask, spec, params, f"{table}_{index}")

    for order in ("asc", "desc"):
        yield from both(order, {"order": order}, "requested")
        for case in both(f"after, {order}", cursor("requestedAt", order, LATE, "e9"), "requested"):
            yield case._replace(seeks=True)
    for case in both("of ten minutes", between("created"), "requested"):
        yield case._replace(narrow=True)
    for case in both("with a rare status", {}, "status"):
        rare_status = "CANCELLED" if case.ask is enrollment.list_all else "APPROVED"
        params = {"status": rare_status}
        yield case._replace(params=params, sorts=True, narrow=True, modes=FOR_VALUES)
    for case in both("of a user", {"userId": "u4321"}, "user"):
        yield case._replace(sorts=True, narrow=True)
    rare = Case("", enrollment.list_all, enrollment.ALL, {}, "", sorts=True, narrow=True)
    yield rare._replace(
        name="all enrollments of a subject",
        params={"subjectId": "s500"},
        pattern="enrollments_subject",
        modes=FOR_VALUES,
    )
    yield rare._replace(
        name="all enrollments called person77778",
        params={"search": "person77778"},
        # The planner cannot know how many are found, so it may read them in order.
        pattern="enrollments_(user|subject|requested)",
        modes=FOR_VALUES,
    )
    yield rare._replace(
        name="all applications called person77778",
        ask=mentors.list_all,
        spec=mentors.ALL,
        params={"search": "person77778"},
        pattern="users_search",
        modes=FOR_VALUES,
    )


def notices() -> Iterator[Case]:
    def case(name: str, params: dict[str, str], index: str) -> Case:
        return Case(
            f"notifications {name}",
            lambda db, request: notifications.list_of_user(db, "u5", request),
            notifications.OWN,
            params,
            index,
            narrow=True,
        )

    for order in ("asc", "desc"):
        yield case(order, {"order": order}, "notifications_user")
        after = case(
            f"after, {order}", cursor("createdAt", order, LATE, "n9"), "notifications_user"
        )
        yield after._replace(seeks=True)
    yield case("unread", {"unread": "true"}, "notifications_unread")
    yield case("read", {"unread": "false"}, "notifications_user")
