"""Administrators decide, each request once."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import (
    Ask,
    add_learners,
    add_requests,
    add_subject,
    announced,
    audited,
    behind_lock,
    rows,
    together,
)
from tests.parts import promises
from tests.parts.server import Server

ROUNDS = 200
OPPOSITE = {"approve": "reject", "reject": "approve"}
STATUS = {"approve": "APPROVED", "reject": "REJECTED"}


def pending(api: Server) -> str:
    """A request of a new learner for a new subject."""
    return add_requests(api, add_subject(api).id, add_learners(api, 1))[0]


def path(enrollment_id: str, verb: str) -> str:
    return f"/api/admin/enrollment/{enrollment_id}/{verb}"


@pytest.mark.parametrize(("verb", "remark"), [("approve", "note"), ("reject", "reason")])
def test_a_decision_names_who_decided_and_why(api: Server, verb: str, remark: str) -> None:
    enrollment_id = pending(api)
    response = api.put(path(enrollment_id, verb), as_="admin", json={remark: " Because "})
    assert response.status_code == 200
    decided = response.json()["data"]
    assert decided["status"] == STATUS[verb]
    assert decided["decidedBy"] == api.user_id("admin")
    assert decided["decidedAt"] >= decided["requestedAt"]
    assert decided["decisionReason"] == "Because"
    assert audited(api, enrollment_id) == [f"enrollment.{STATUS[verb].lower()}"]


@pytest.mark.parametrize("verb", OPPOSITE)
def test_a_decision_needs_no_body_and_the_same_again_changes_nothing(
    api: Server, verb: str
) -> None:
    enrollment_id = pending(api)
    first = api.put(path(enrollment_id, verb), as_="admin")
    assert first.status_code == 200
    again = api.put(path(enrollment_id, verb), as_="admin", json={})
    assert again.status_code == 200
    assert again.json()["data"] == first.json()["data"]
    assert len(audited(api, enrollment_id)) == 1
    assert len(announced(api, "enrollmentId", enrollment_id)) == 1


@pytest.mark.parametrize("verb", OPPOSITE)
def test_the_opposite_decision_is_refused(api: Server, verb: str) -> None:
    enrollment_id = pending(api)
    api.put(path(enrollment_id, verb), as_="admin")
    response = api.put(path(enrollment_id, OPPOSITE[verb]), as_="admin")
    assert response.status_code == 409
    assert response.json()["code"] == "INVALID_STATE"
    assert response.json()["details"] == {
        "resource": "enrollment",
        "id": enrollment_id,
        "current": STATUS[verb],
        "expected": ["PENDING"],
    }


@pytest.mark.parametrize("verb", OPPOSITE)
def test_a_cancelled_request_is_not_decided(api: Server, verb: str) -> None:
    enrollment_id = pending(api)
    api.execute("update enrollments set status = 'CANCELLED' where id = %s", enrollment_id)
    response = api.put(path(enrollment_id, verb), as_="admin")
    assert response.status_code == 409
    assert response.json()["details"]["current"] == "CANCELLED"


async def test_twenty_equal_decisions_at_once_are_one(api: Server) -> None:
    enrollment_id = pending(api)
    ask = Ask("PUT", path(enrollment_id, "approve"), "admin")
    responses = await behind_lock(api, "enrollments", enrollment_id, *[ask] * 20)
    assert [response.status_code for response in responses] == [200] * 20
    assert len({response.json()["data"]["decidedAt"] for response in responses}) == 1
    assert audited(api, enrollment_id) == ["enrollment.approved"]
    assert announced(api, "enrollmentId", enrollment_id) == ["enrollment.approved"]


async def test_of_opposite_decisions_at_once_exactly_one_wins(api: Server) -> None:
    ids = add_requests(api, add_subject(api).id, add_learners(api, ROUNDS))
    headers = api.headers("admin")
    gate = asyncio.Semaphore(8)

    async def duel(client: httpx2.AsyncClient, enrollment_id: str) -> list[httpx2.Response]:
        async with gate:
            return await asyncio.gather(
                *(client.put(path(enrollment_id, verb), headers=headers) for verb in OPPOSITE)
            )

    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=60
    ) as client:
        duels = await asyncio.gather(*(duel(client, each) for each in ids))
    for responses in duels:
        assert sorted(response.status_code for response in responses) == [200, 409]
        winner = next(each for each in responses if each.status_code == 200).json()["data"]
        loser = next(each for each in responses if each.status_code == 409).json()
        assert loser["code"] == "INVALID_STATE"
        assert loser["details"]["current"] == winner["status"]
    counted = rows(
        api,
        "select count(*), count(distinct resource_id) from audit_log where resource_id = any(%s)",
        ids,
    )
    assert counted == [(ROUNDS, ROUNDS)]


@pytest.mark.parametrize(
    ("change", "resource", "current"),
    [
        ("status = 'INACTIVE'", "user", "INACTIVE"),
        ("status = 'SUSPENDED'", "user", "SUSPENDED"),
        ("deleted_at = now()", "user", "DELETED"),
    ],
)
def test_an_inactive_account_is_not_enrolled(
    api: Server, change: str, resource: str, current: str
) -> None:
    (user_id,) = add_learners(api, 1)
    (enrollment_id,) = add_requests(api, add_subject(api).id, [user_id])
    api.execute(f"update users set {change} where id = %s", user_id)
    response = api.put(path(enrollment_id, "approve"), as_="admin")
    assert response.status_code == 409
    assert response.json()["code"] == "INVALID_STATE"
    details = {"resource": resource, "id": user_id, "current": current, "expected": ["ACTIVE"]}
    assert response.json()["details"] == details
    assert audited(api, enrollment_id) == []
    assert api.put(path(enrollment_id, "reject"), as_="admin").status_code == 200


def test_a_former_learner_is_not_enrolled(api: Server) -> None:
    (user_id,) = add_learners(api, 1)
    (enrollment_id,) = add_requests(api, add_subject(api).id, [user_id])
    api.delete(f"/api/users/{user_id}/roles?role=LEARNER", as_="admin")
    response = api.put(path(enrollment_id, "approve"), as_="admin")
    assert response.status_code == 409
    assert response.json()["details"]["resource"] == "user_role"


@pytest.mark.parametrize("table", ["subjects", "grades", "education_levels"])
def test_a_deleted_subject_takes_no_enrollment(api: Server, table: str) -> None:
    subject = add_subject(api)
    (enrollment_id,) = add_requests(api, subject.id, add_learners(api, 1))
    key = {"subjects": subject.id, "grades": subject.grade_id, "education_levels": subject.level_id}
    api.execute(f"update {table} set deleted_at = now() where id = %s", key[table])
    response = api.put(path(enrollment_id, "approve"), as_="admin")
    assert response.status_code == 409
    assert response.json()["details"] == {
        "resource": "subject",
        "id": subject.id,
        "current": "DELETED",
        "expected": ["ACTIVE"],
    }


def test_an_inactive_subject_can_be_enrolled_in_ahead(api: Server) -> None:
    subject = add_subject(api)
    (enrollment_id,) = add_requests(api, subject.id, add_learners(api, 1))
    api.execute("update subjects set is_active = false where id = %s", subject.id)
    assert api.put(path(enrollment_id, "approve"), as_="admin").status_code == 200


def test_an_unknown_enrollment_is_not_found(api: Server) -> None:
    for missing in (new_id(), "..%2f", "x" * 65):
        response = api.put(path(missing, "approve"), as_="admin")
        assert response.status_code == 404


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("approve", {"note": "n" * 1001}, "note"),
        ("approve", {"reason": "x"}, "reason"),
        ("reject", {"note": "x"}, "note"),
        ("reject", {"reason": 1}, "reason"),
    ],
)
def test_a_bad_remark_is_refused(
    api: Server, verb: str, body: dict[str, object], field: str
) -> None:
    response = api.put(path(pending(api), verb), as_="admin", json=body)
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_a_decision_about_another_version_is_refused(api: Server) -> None:
    who = api.user("versions")
    made = api.post("/api/enrollment/request", as_=who, json={"subjectId": add_subject(api).id})
    target = path(made.json()["data"]["id"], "approve")
    stale = api.put(target, as_="admin", headers={"If-Match": '"another"'})
    assert stale.status_code == 412
    assert stale.json()["details"]["currentETag"] == made.headers["etag"]
    current = api.put(target, as_="admin", headers={"If-Match": made.headers["etag"]})
    assert current.status_code == 200


def test_only_administrators_decide(api: Server) -> None:
    for who in ("learner", "mentor"):
        for verb in OPPOSITE:
            response = api.put(path(pending(api), verb), as_=who, json={"note": 1})
            assert response.status_code == 403
            assert response.json()["details"]["required"] == ["ADMIN"]


async def test_an_approval_and_a_deactivation_at_once_never_leave_a_learner_enrolled_late(
    api: Server,
) -> None:
    users = add_learners(api, 10)
    ids = add_requests(api, add_subject(api).id, users)
    asks = [
        ask
        for user_id, enrollment_id in zip(users, ids, strict=True)
        for ask in (
            Ask("PUT", path(enrollment_id, "approve"), "admin"),
            Ask("PUT", f"/api/users/{user_id}", "admin", {"status": "INACTIVE"}),
        )
    ]
    responses = await together(api, *asks)
    assert {response.status_code for response in responses[1::2]} == {200}
    assert {response.status_code for response in responses[0::2]} <= {200, 409}
    for response, enrollment_id in zip(responses[0::2], ids, strict=True):
        ((status,),) = rows(api, "select status from enrollments where id = %s", enrollment_id)
        assert status == ("APPROVED" if response.status_code == 200 else "PENDING")
