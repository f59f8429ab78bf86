"""Learners ask for subjects and withdraw."""

from __future__ import annotations

import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import (
    Ask,
    add_subject,
    announced,
    audited,
    rows,
    together,
)
from tests.factories import Subject
from tests.parts.server import Server

REQUEST = "/api/enrollment/request"


def request(api: Server, who: str, subject: Subject, **more: object) -> str:
    """The id of a new request."""
    response = api.post(REQUEST, as_=who, json={"subjectId": subject.id, **more})
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])


def test_a_request_is_pending_and_on_record(api: Server) -> None:
    subject, who = add_subject(api), api.user("ada")
    body = {"subjectId": subject.id, "message": "  Please\nlet me in "}
    response = api.post(REQUEST, as_=who, json=body)
    assert response.status_code == 201
    assert response.headers["location"] == "/api/enrollment/me"
    assert response.headers["etag"]
    answer = response.json()
    assert answer["message"] == "Enrollment requested successfully"
    enrollment = answer["data"]
    assert enrollment == {
        "id": enrollment["id"],
        "status": "PENDING",
        "subjectId": subject.id,
        "userId": api.user_id(who),
        "message": "Please\nlet me in",
        "requestedAt": enrollment["requestedAt"],
        "decidedAt": None,
        "decidedBy": None,
        "decisionReason": None,
    }
    assert audited(api, enrollment["id"]) == ["enrollment.requested"]
    assert announced(api, "enrollmentId", enrollment["id"]) == ["enrollment.requested"]


def test_what_people_write_stays_out_of_the_audit_trail(api: Server) -> None:
    enrollment_id = request(api, api.user("shy"), add_subject(api), message="very private")
    kept = rows(api, "select before, after from audit_log where resource_id = %s", enrollment_id)
    assert "very private" not in str(kept)


async def test_of_twenty_equal_requests_one_is_made(api: Server) -> None:
    subject, who = add_subject(api), api.user("eager")
    ask = Ask("POST", REQUEST, who, {"subjectId": subject.id})
    responses = await together(api, *[ask] * 20)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 19
    refused = next(response for response in responses if response.status_code == 409)
    assert refused.json()["code"] == "CONFLICT"
    assert refused.json()["details"] == {
        "resource": "enrollment",
        "field": "subjectId",
        "value": subject.id,
    }
    found = rows(api, "select id from enrollments where subject_id = %s", subject.id)
    assert len(found) == 1
    assert announced(api, "subjectId", subject.id) == ["enrollment.requested"]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (table, change)
        for table in ("subjects", "grades", "education_levels")
        for change in ("is_active = false", "deleted_at = now()")
    ],
)
def test_a_subject_out_of_sight_is_unknown(api: Server, table: str, change: str) -> None:
    subject = add_subject(api)
    key = {"subjects": subject.id, "grades": subject.grade_id, "education_levels": subject.level_id}
    api.execute(f"update {table} set {change} where id = %s", key[table])
    response = api.post(REQUEST, as_="learner", json={"subjectId": subject.id})
    assert response.status_code == 404
    assert response.json()["details"] == {"resource": "subject", "id": subject.id}


def test_an_unknown_subject_is_not_found(api: Server) -> None:
    response = api.post(REQUEST, as_="learner", json={"subjectId": "nope"})
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "subjectId"),
        ({"subjectId": None}, "subjectId"),
        ({"subjectId": "not an id"}, "subjectId"),
        ({"subjectId": "x", "message": "m" * 1001}, "message"),
        ({"subjectId": "x", "message": "\u202e"}, "message"),
        ({"subjectId": "x", "status": "APPROVED"}, "status"),
        ({"subjectId": "x", "userId": "y"}, "userId"),
    ],
)
def test_a_bad_request_is_refused(api: Server, body: dict[str, object], field: str) -> None:
    response = api.post(REQUEST, as_="learner", json=body)
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_mentors_do_not_enroll_in_their_own_subject(api: Server) -> None:
    subject = add_subject(api, mentor_id=api.user_id("mentor"))
    response = api.post(REQUEST, as_="mentor", json={"subjectId": subject.id})
    assert response.status_code == 422
    assert response.json()["details"]["field"] == "subjectId"
    assert response.json()["details"]["value"] == subject.id
    request(api, "mentor", add_subject(api))


def test_after_a_rejection_a_new_request_leaves_the_old_one_as_it_was(api: Server) -> None:
    subject, who = add_subject(api), api.user("again")
    first = request(api, who, subject)
    path = f"/api/admin/enrollment/{first}/reject"
    assert api.put(path, as_="admin", json={"reason": "full"}).status_code == 200
    second = request(api, who, subject)
    assert second != first
    mine = api.get("/api/enrollment/me", as_=who).json()["data"]
    assert [(each["id"], each["status"]) for each in mine] == [
        (second, "PENDING"),
        (first, "REJECTED"),
    ]
    assert mine[1]["decisionReason"] == "full"
    again = api.post(REQUEST, as_=who, json={"subjectId": subject.id})
    assert again.status_code == 409


@pytest.mark.parametrize("approved", [False, True])
def test_one_s_own_enrollment_can_be_cancelled(api: Server, approved: bool) -> None:
    subject, who = add_subject(api), api.user(f"leaver{approved}")
    enrollment_id = request(api, who, subject)
    if approved:
        api.put(f"/api/admin/enrollment/{enrollment_id}/approve", as_="admin")
    for _ in range(2):
        response = api.post(f"/api/enrollment/{enrollment_id}/cancel", as_=who)
        assert response.status_code == 200
        assert response.json()["data"]["status"] == "CANCELLED"
    assert audited(api, enrollment_id).count("enrollment.cancelled") == 1
    assert announced(api, "enrollmentId", enrollment_id).count("enrollment.cancelled") == 1
    request(api, who, subject)


def test_a_rejected_request_cannot_be_cancelled(api: Server) -> None:
    who = api.user("late")
    enrollment_id = request(api, who, add_subject(api))
    api.put(f"/api/admin/enrollment/{enrollment_id}/reject", as_="admin")
    response = api.post(f"/api/enrollment/{enrollment_id}/cancel", as_=who)
    assert response.status_code == 409
    assert response.json()["code"] == "INVALID_STATE"
    assert response.json()["details"]["expected"] == ["PENDING", "APPROVED"]


def test_the_enrollment_of_another_user_is_404(api: Server) -> None:
    enrollment_id = request(api, api.user("owner"), add_subject(api))
    other = api.user("other")
    for who in (other, "admin"):
        response = api.post(f"/api/enrollment/{enrollment_id}/cancel", as_=who)
        assert response.status_code == 404
    missing = new_id()
    response = api.post(f"/api/enrollment/{missing}/cancel", as_=other)
    assert response.json()["details"] == {"resource": "enrollment", "id": missing}
    assert api.get("/api/enrollment/me", as_=other).json()["data"] == []


def test_only_learners_ask(api: Server) -> None:
    who = api.user("former")
    subject, user_id = add_subject(api), api.user_id(who)
    api.delete(f"/api/users/{user_id}/roles?role=LEARNER", as_="admin")
    response = api.post(REQUEST, as_=who, json={"subjectId": subject.id})
    assert response.status_code == 403
    assert response.json()["details"] == {"required": ["LEARNER"], "user_roles": []}
