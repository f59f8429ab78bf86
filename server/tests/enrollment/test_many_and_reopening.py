"""Many decisions in one request, and taking a decision back."""

from __future__ import annotations

from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import (
    Ask,
    add_learners,
    add_requests,
    add_subject,
    announced,
    audited,
    rows,
    together,
)
from tests.parts.server import Server

DECISIONS = "/api/admin/enrollment/decisions"


def decide(api: Server, *decisions: dict[str, Any]) -> list[dict[str, Any]]:
    response = api.post(DECISIONS, as_="admin", json={"decisions": decisions})
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["data"]["results"]
    return results


def pending(api: Server, number: int) -> list[str]:
    return add_requests(api, add_subject(api).id, add_learners(api, number))


def age(api: Server, enrollment_id: str, seconds: int) -> None:
    api.execute(
        "update enrollments set decided_at = now() - make_interval(secs => %s) where id = %s",
        seconds,
        enrollment_id,
    )


def test_each_decision_succeeds_or_fails_by_itself(api: Server) -> None:
    good, bad, gone, rejected = pending(api, 4)
    api.execute(
        "update users set status = 'INACTIVE' where id = "
        "(select user_id from enrollments where id = %s)",
        gone,
    )
    api.put(f"/api/admin/enrollment/{rejected}/reject", as_="admin")
    missing = new_id()
    results = decide(
        api,
        {"id": good, "decision": "approve", "note": "welcome"},
        {"id": missing, "decision": "approve"},
        {"id": gone, "decision": "approve"},
        {"id": rejected, "decision": "approve"},
        {"id": bad, "decision": "reject", "reason": "full"},
        {"id": good, "decision": "approve"},
    )
    summary = [(each["id"], each["ok"], each["status"], each["code"]) for each in results]
    assert summary == [
        (good, True, "APPROVED", None),
        (missing, False, None, "NOT_FOUND"),
        (gone, False, None, "INVALID_STATE"),
        (rejected, False, None, "INVALID_STATE"),
        (bad, True, "REJECTED", None),
        (good, True, "APPROVED", None),
    ]
    assert results[0]["error"] is None
    assert results[1]["error"] == "Enrollment not found"
    assert audited(api, good) == ["enrollment.approved"]
    assert audited(api, bad) == ["enrollment.rejected"]
    assert audited(api, gone) == []
    kept = rows(
        api,
        "select status, decision_reason from enrollments where id = any(%s) order by status",
        [good, bad],
    )
    assert kept == [("APPROVED", "welcome"), ("REJECTED", "full")]


def test_two_hundred_decisions_fit_with_the_longest_remarks(api: Server) -> None:
    ids = pending(api, 200)
    note = "\U0001f600" * 1000
    results = decide(api, *({"id": each, "decision": "approve", "note": note} for each in ids))
    assert [each["id"] for each in results] == ids
    assert all(each["ok"] for each in results)
    assert rows(api, "select count(*) from audit_log where resource_id = any(%s)", ids) == [(200,)]


@pytest.mark.parametrize(
    ("decisions", "field"),
    [
        ([], "decisions"),
        ([{"id": "x", "decision": "approve"}] * 201, "decisions"),
        ([{"id": "x", "decision": "maybe"}], "decisions[0].decision"),
        ([{"id": "x"}], "decisions[0].decision"),
        ([{"id": "!", "decision": "reject"}], "decisions[0].id"),
        ([{"id": "x", "decision": "reject", "reason": "r" * 1001}], "decisions[0].reason"),
        ([{"id": "x", "decision": "reject", "status": "APPROVED"}], "decisions[0].status"),
        ("all", "decisions"),
    ],
)
def test_bad_decisions_are_refused_as_a_whole(api: Server, decisions: object, field: str) -> None:
    response = api.post(DECISIONS, as_="admin", json={"decisions": decisions})
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


async def test_many_decisions_at_once_do_not_lock_each_other_out(api: Server) -> None:
    ids = pending(api, 30)
    asks = [
        Ask(
            "POST",
            DECISIONS,
            "admin",
            {"decisions": [{"id": each, "decision": "approve"} for each in order]},
        )
        for order in (ids, ids[::-1], ids[15:] + ids[:15], ids[::2] + ids[1::2])
    ]
    responses = await together(api, *asks)
    assert [response.status_code for response in responses] == [200] * 4
    for response in responses:
        assert all(each["ok"] for each in response.json()["data"]["results"])
    assert rows(api, "select count(*) from audit_log where resource_id = any(%s)", ids) == [(30,)]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_fresh_decision_can_be_taken_back(api: Server, verb: str) -> None:
    (enrollment_id,) = pending(api, 1)
    api.put(f"/api/admin/enrollment/{enrollment_id}/{verb}", as_="admin")
    age(api, enrollment_id, 20)
    response = api.post(f"/api/admin/enrollment/{enrollment_id}/reopen", as_="admin")
    assert response.status_code == 200
    reopened = response.json()["data"]
    assert reopened["status"] == "PENDING"
    assert (reopened["decidedAt"], reopened["decidedBy"]) == (None, None)
    other = {"approve": "reject", "reject": "approve"}[verb]
    assert api.put(f"/api/admin/enrollment/{enrollment_id}/{other}", as_="admin").is_success
    assert audited(api, enrollment_id)[1] == "enrollment.reopened"
    assert announced(api, "enrollmentId", enrollment_id)[1] == "enrollment.reopened"


def test_an_older_decision_stands(api: Server) -> None:
    (enrollment_id,) = pending(api, 1)
    api.put(f"/api/admin/enrollment/{enrollment_id}/approve", as_="admin")
    age(api, enrollment_id, 31)
    response = api.post(f"/api/admin/enrollment/{enrollment_id}/reopen", as_="admin")
    assert response.status_code == 409
    assert response.json()["code"] == "INVALID_STATE"
    assert response.json()["details"]["current"] == "APPROVED"


@pytest.mark.parametrize("status", ["PENDING", "CANCELLED"])
def test_where_nothing_was_decided_nothing_is_taken_back(api: Server, status: str) -> None:
    (enrollment_id,) = pending(api, 1)
    api.execute("update enrollments set status = %s where id = %s", status, enrollment_id)
    response = api.post(f"/api/admin/enrollment/{enrollment_id}/reopen", as_="admin")
    assert response.status_code == 409
    assert response.json()["details"]["current"] == status


def test_a_rejection_stands_once_the_learner_has_asked_anew(api: Server) -> None:
    subject, who = add_subject(api), api.user("insistent")
    body = {"subjectId": subject.id}
    first = api.post("/api/enrollment/request", as_=who, json=body).json()["data"]["id"]
    api.put(f"/api/admin/enrollment/{first}/reject", as_="admin")
    assert api.post("/api/enrollment/request", as_=who, json=body).status_code == 201
    response = api.post(f"/api/admin/enrollment/{first}/reopen", as_="admin")
    assert response.status_code == 409
    assert response.json()["code"] == "CONFLICT"
    assert response.json()["details"]["value"] == subject.id


def test_reopening_an_unknown_enrollment_is_not_found(api: Server) -> None:
    response = api.post(f"/api/admin/enrollment/{new_id()}/reopen", as_="admin")
    assert response.status_code == 404
