"""Administrators list enrollments and mentor applications in all states."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import add_learners, add_requests, add_subject
from tests.factories import create_user
from tests.parts.server import Server

ENROLLMENTS, APPLICATIONS = "/api/admin/enrollment", "/api/admin/mentor"
STATES = ("PENDING", "APPROVED", "REJECTED", "CANCELLED")


def listed(api: Server, path: str, query: str) -> list[dict[str, Any]]:
    response = api.get(f"{path}?{query}", as_="admin")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    assert response.json()["pagination"]["total"] == len(found)
    return found


def ids(api: Server, path: str, query: str) -> list[str]:
    return [each["id"] for each in listed(api, path, query)]


def enrollments_of_all_states(api: Server, name: str) -> tuple[str, dict[str, str]]:
    """One enrollment per state, a day apart; return the subject, and the ids by state."""
    subject = add_subject(api, name=name)
    made = dict(zip(STATES, add_requests(api, subject.id, add_learners(api, 4)), strict=True))
    for day, (status, each) in enumerate(made.items(), start=1):
        api.execute(
            "update enrollments set status = %s, requested_at = make_date(2021, 1, %s) "
            "where id = %s",
            status,
            day,
            each,
        )
    return subject.id, made


def test_enrollments_are_filtered_by_state_subject_user_search_and_date(api: Server) -> None:
    subject_id, made = enrollments_of_all_states(api, "Algebra 100%")
    newest_first = list(made.values())[::-1]
    found = listed(api, ENROLLMENTS, f"subjectId={subject_id}")
    assert [each["id"] for each in found] == newest_first
    assert found[0]["subject"]["name"] == "Algebra 100%"
    assert found[0]["user"]["id"] == found[0]["userId"]
    of_subject = f"subjectId={subject_id}&order=asc"
    for status, each in made.items():
        assert ids(api, ENROLLMENTS, f"{of_subject}&status={status}") == [each]
    both = [made["PENDING"], made["REJECTED"]]
    assert ids(api, ENROLLMENTS, f"{of_subject}&status=pending,rejected") == both
    user_id = found[0]["userId"]
    assert ids(api, ENROLLMENTS, f"userId={user_id}") == newest_first[:1]
    assert ids(api, ENROLLMENTS, f"search={quote('algebra 100%')}") == newest_first
    assert ids(api, ENROLLMENTS, f"search={user_id}") == newest_first[:1]
    dates = "createdFrom=2021-01-02&createdTo=2021-01-03"
    assert ids(api, ENROLLMENTS, f"{of_subject}&{dates}") == [made["APPROVED"], made["REJECTED"]]


def test_applications_are_filtered_by_state_user_search_and_date(api: Server) -> None:
    made = []
    for day, status in enumerate(("PENDING", "APPROVED", "REJECTED"), start=1):
        with api.db() as db:
            user = create_user(db, first_name="Abena", last_name=f"Number{day}")
            db.execute(
                "insert into mentor_applications (id, user_id, status, motivation, requested_at) "
                "values (%s, %s, %s, 'x', make_date(2021, 2, %s))",
                (application_id := new_id(), user.id, status, day),
            )
        made.append((application_id, user.id, status))
    everything = [each[0] for each in made]
    assert ids(api, APPLICATIONS, "search=abena") == everything[::-1]
    for application_id, user_id, status in made:
        assert ids(api, APPLICATIONS, f"search=abena&status={status}") == [application_id]
        (found,) = listed(api, APPLICATIONS, f"userId={user_id}")
        assert (found["status"], found["user"]["id"]) == (status, user_id)
    query = "search=abena&order=asc&status=APPROVED,REJECTED"
    assert ids(api, APPLICATIONS, query) == everything[1:]
    dates = "createdFrom=2021-02-01&createdTo=2021-02-01"
    assert ids(api, APPLICATIONS, dates) == everything[:1]


@pytest.mark.parametrize("path", [ENROLLMENTS, APPLICATIONS])
@pytest.mark.parametrize("query", ["status=MAYBE", "userId=!", "sort=name"])
def test_unknown_values_are_refused(api: Server, path: str, query: str) -> None:
    response = api.get(f"{path}?{query}", as_="admin")
    assert response.status_code == 422
    assert response.json()["details"]["field"] == query.split("=")[0]
