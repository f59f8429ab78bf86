"""Many decisions on applications in one request, and undoing a decision with its effects."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import Ask, add_subject, audited, rows, together
from tests.factories import create_user
from tests.mentors.test_deciding import applicant, decide, pending, windows
from tests.parts.server import Server

DECISIONS = "/api/admin/mentor/decisions"


def decide_many(api: Server, *decisions: dict[str, Any]) -> list[dict[str, Any]]:
    response = api.post(DECISIONS, as_="admin", json={"decisions": decisions})
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["data"]["results"]
    return results


def reopen(api: Server, application_id: str) -> httpx2.Response:
    return api.post(f"/api/admin/mentor/{application_id}/reopen", as_="admin")


def mentor_of(api: Server, subject_id: str) -> str | None:
    found: str | None = rows(api, "select mentor_id from subjects where id = %s", subject_id)[0][0]
    return found


def roles(api: Server, user_id: str) -> list[str]:
    user = api.get(f"/api/users/{user_id}", as_="admin").json()["data"]
    return sorted(user["roles"])


def test_each_decision_succeeds_or_fails_by_itself(api: Server) -> None:
    good, bad, broken = pending(api), pending(api), pending(api)
    subject, missing = add_subject(api), new_id()
    results = decide_many(
        api,
        {"id": good, "decision": "approve", "subjectIds": [subject.id], "note": "welcome"},
        {"id": missing, "decision": "approve"},
        {"id": broken, "decision": "approve", "subjectIds": [new_id()]},
        {"id": bad, "decision": "reject", "reason": "full"},
        {"id": good, "decision": "reject"},
    )
    assert [(each["id"], each["ok"], each["status"], each["code"]) for each in results] == [
        (good, True, "APPROVED", None),
        (missing, False, None, "NOT_FOUND"),
        (broken, False, None, "VALIDATION_ERROR"),
        (bad, True, "REJECTED", None),
        (good, False, None, "INVALID_STATE"),
    ]
    assert mentor_of(api, subject.id) == applicant(api, good)
    # What a failed decision had begun is undone.
    assert windows(api, applicant(api, broken)) == []
    assert audited(api, broken) == []
    sql = "select decision_reason from mentor_applications where id = any(%s) order by status"
    assert rows(api, sql, [good, bad]) == [("welcome",), ("full",)]


@pytest.mark.parametrize(
    ("decisions", "field"),
    [
        ([], "decisions"),
        ([{"id": "x", "decision": "approve"}] * 201, "decisions"),
        ([{"id": "x", "decision": "maybe"}], "decisions[0].decision"),
        ([{"id": "x", "decision": "reject", "reason": "r" * 1001}], "decisions[0].reason"),
    ],
)
def test_bad_decisions_are_refused_as_a_whole(api: Server, decisions: object, field: str) -> None:
    response = api.post(DECISIONS, as_="admin", json={"decisions": decisions})
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


async def test_many_decisions_at_once_do_not_lock_each_other_out(api: Server) -> None:
    ids = [pending(api) for _ in range(6)]
    subjects = [add_subject(api).id for _ in range(3)]

    def body(order: list[str], taught: list[str]) -> dict[str, Any]:
        each = [{"id": id, "decision": "approve", "subjectIds": taught} for id in order]
        return {"decisions": each}

    asks = [
        Ask("POST", DECISIONS, "admin", body(ids[:3], subjects)),
        Ask("POST", DECISIONS, "admin", body(ids[3:], subjects[::-1])),
        Ask("POST", DECISIONS, "admin", body(ids[::-1], subjects[1:])),
        Ask("POST", DECISIONS, "admin", body(ids, subjects[:1])),
    ]
    for response in await together(api, *asks):
        assert response.status_code == 200, response.text
        assert all(each["ok"] for each in response.json()["data"]["results"])


def test_reopening_an_approval_ends_the_role_and_takes_subjects_back(api: Server) -> None:
    application_id = pending(api)
    user_id = applicant(api, application_id)
    free, taken, moved = add_subject(api), add_subject(api), add_subject(api)
    mentor = api.user_id("mentor")
    api.execute("update subjects set mentor_id = %s where id = %s", mentor, taken.id)
    subjects = [free.id, taken.id, moved.id]
    assert decide(api, application_id, "approve", subjectIds=subjects).is_success
    assert roles(api, user_id) == ["LEARNER", "MENTOR"]
    body = {"mentorId": mentor}
    path = f"/api/admin/education/subjects/{moved.id}"
    assert api.put(path, as_="admin", json=body).is_success
    response = reopen(api, application_id)
    assert response.status_code == 200, response.text
    reopened = response.json()["data"]
    assert reopened["status"] == "PENDING"
    assert (reopened["decidedAt"], reopened["decidedBy"]) == (None, None)
    assert roles(api, user_id) == ["LEARNER"]
    assert [mentor_of(api, each) for each in subjects] == [None, mentor, mentor]
    assert audited(api, application_id)[-1] == "mentor_application.reopened"
    assert "user_role.removed" in audited(api, user_id)
    assert decide(api, application_id, "approve", subjectIds=[free.id]).is_success
    assert roles(api, user_id) == ["LEARNER", "MENTOR"]
    assert mentor_of(api, free.id) == user_id


def test_reopening_leaves_a_role_that_the_approval_did_not_open(api: Server) -> None:
    with api.db() as db:
        user_id = create_user(db, role="MENTOR").id
    application_id, own = pending(api, user_id), add_subject(api, mentor_id=user_id)
    assert decide(api, application_id, "approve", subjectIds=[own.id]).is_success
    assert reopen(api, application_id).status_code == 200
    assert "MENTOR" in roles(api, user_id)
    assert mentor_of(api, own.id) == user_id


def test_a_subject_is_not_given_back_to_a_user_who_cannot_teach(api: Server) -> None:
    with api.db() as db:
        former = create_user(db, role="MENTOR").id
    application_id, subject = pending(api), add_subject(api, mentor_id=former)
    assert decide(api, application_id, "approve", subjectIds=[subject.id]).is_success
    api.execute("update users set status = 'SUSPENDED' where id = %s", former)
    assert reopen(api, application_id).status_code == 200
    assert mentor_of(api, subject.id) is None


def test_a_rejection_can_be_undone(api: Server) -> None:
    application_id = pending(api)
    assert decide(api, application_id, "reject", reason="full").is_success
    response = reopen(api, application_id)
    assert response.json()["data"]["status"] == "PENDING"
    assert decide(api, application_id, "approve").is_success


def test_an_older_decision_stands(api: Server) -> None:
    application_id = pending(api)
    assert decide(api, application_id, "approve").is_success
    api.execute(
        "update mentor_applications set decided_at = now() - interval '31 seconds' where id = %s",
        application_id,
    )
    response = reopen(api, application_id)
    assert response.status_code == 409
    assert response.json()["code"] == "INVALID_STATE"
    assert response.json()["details"]["current"] == "APPROVED"
    assert len(windows(api, applicant(api, application_id))) == 1


def test_what_is_pending_unknown_or_repeated_is_not_reopened(api: Server) -> None:
    assert reopen(api, new_id()).status_code == 404
    assert reopen(api, pending(api)).json()["details"]["current"] == "PENDING"
    first = pending(api)
    assert decide(api, first, "reject").is_success
    pending(api, applicant(api, first))
    response = reopen(api, first)
    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")


async def test_two_administrators_reopen_and_approve_at_the_same_time(api: Server) -> None:
    """Role, subject and status agree, in any order of the requests."""
    application_id, subject = pending(api), add_subject(api)
    user_id = applicant(api, application_id)
    path = f"/api/admin/mentor/{application_id}"
    body = {"subjectIds": [subject.id]}
    asks = [Ask("PUT", f"{path}/approve", "admin", body), Ask("POST", f"{path}/reopen", "admin")]
    for _ in range(4):
        await together(api, *asks * 3)
        sql = "select status from mentor_applications where id = %s"
        approved = rows(api, sql, application_id) == [("APPROVED",)]
        assert ("MENTOR" in roles(api, user_id)) is approved
        assert mentor_of(api, subject.id) == (user_id if approved else None)
