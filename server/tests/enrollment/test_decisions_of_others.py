"""Several decisions beside those of another administrator, undoing several, and filters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.enrollment.school import add_learners, add_requests, add_subject, audited, rows
from tests.enrollment.test_many_and_reopening import age, decide, pending
from tests.mentors.test_deciding import pending as application
from tests.mentors.test_many_and_reopening import decide_many, roles
from tests.parts.server import Server


def verdicts(verdict: str, ids: list[str]) -> list[dict[str, Any]]:
    return [{"id": each, "decision": verdict} for each in ids]


def test_results_name_the_administrator_who_was_first(api: Server) -> None:
    first, second = pending(api, 2)
    body = {"decisions": verdicts("reject", [first])}
    answer = api.post("/api/admin/enrollment/decisions", as_="admin", json=body)
    made = answer.json()["data"]["results"][0]
    name = rows(api, "select concat_ws(' ', first_name, last_name) from users where id = %s",
                made["decidedBy"])[0][0]  # fmt: skip
    assert made["decidedBy"] == api.user_id("admin")
    late, done = decide(api, *verdicts("approve", [first, second]))
    assert (late["code"], late["details"]["current"]) == ("INVALID_STATE", "REJECTED")
    assert (late["decidedBy"], late["decidedAt"]) == (made["decidedBy"], made["decidedAt"])
    assert late["decidedByName"] == done["decidedByName"] == (name or None)
    assert done["details"] is None


def test_several_decisions_are_undone_in_one_request(api: Server) -> None:
    ids = pending(api, 3)
    decide(api, *verdicts("approve", ids))
    age(api, ids[2], 31)
    results = decide(api, *verdicts("reopen", ids))
    assert [(each["ok"], each["status"]) for each in results] == [
        (True, "PENDING"),
        (True, "PENDING"),
        (False, None),
    ]
    assert results[0]["decidedAt"] is None
    assert results[2]["code"] == "INVALID_STATE"
    assert audited(api, ids[0]) == ["enrollment.approved", "enrollment.reopened"]


def test_several_approvals_of_mentors_are_undone_with_their_roles(api: Server) -> None:
    subject = add_subject(api)
    before = rows(api, "select mentor_id from subjects where id = %s", subject.id)
    ids = [application(api), application(api)]
    decided = [
        {"id": each, "decision": "approve", "subjectIds": [subject.id]} for each in reversed(ids)
    ]
    assert all(each["ok"] for each in decide_many(api, *decided))
    results = decide_many(api, *verdicts("reopen", ids))
    assert [each["status"] for each in results] == ["PENDING", "PENDING"]
    users = rows(api, "select user_id from mentor_applications where id = any(%s)", ids)
    assert all("MENTOR" not in roles(api, user) for (user,) in users)
    (after,) = rows(api, "select mentor_id from subjects where id = %s", subject.id)
    assert after[0] in {before[0][0], None, *(user for (user,) in users)}


@pytest.mark.parametrize("path", ["/api/admin/enrollment", "/api/admin/enrollment/pending"])
def test_lists_are_filtered_by_grade(api: Server, path: str) -> None:
    subject, other = add_subject(api), add_subject(api)
    (wanted,) = add_requests(api, subject.id, add_learners(api, 1))
    add_requests(api, other.id, add_learners(api, 1))
    found = api.get(f"{path}?gradeId={subject.grade_id}", as_="admin").json()["data"]
    assert [each["id"] for each in found] == [wanted]
    assert found[0]["gradeName"]
    assert found[0]["decidedByName"] is None
    assert api.get(f"{path}?gradeId=!", as_="admin").status_code == 422


def test_lists_are_sorted_by_decision(api: Server) -> None:
    ids = pending(api, 3)
    for each in reversed(ids):
        decide(api, *verdicts("reject", [each]))
    subject = rows(api, "select subject_id from enrollments where id = %s", ids[0])[0][0]
    path = f"/api/admin/enrollment?subjectId={subject}&sort=decidedAt&limit=2"
    first = api.get(path, as_="admin")
    found = [each["id"] for each in first.json()["data"]]
    following = first.headers["link"].split("<")[1].split(">")[0]
    found += [each["id"] for each in api.get(following, as_="admin").json()["data"]]
    assert found == ids


def test_applications_are_filtered_by_subject(api: Server) -> None:
    subject = add_subject(api)
    wanted, other = application(api), application(api)
    api.execute(
        "update mentor_applications set subject_ids = %s where id = %s", [subject.id], wanted
    )
    for path in ("/api/admin/mentor", "/api/admin/mentor/pending"):
        found = api.get(f"{path}?subjectId={subject.id}", as_="admin").json()["data"]
        assert [each["id"] for each in found] == [wanted]
        assert other not in found
