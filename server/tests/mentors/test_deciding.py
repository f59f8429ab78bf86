"""Administrators decide on applications: decision, role and subjects come together or never."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from akako.kernel.core.ids import new_id
from tests.enrollment.school import (
    Ask,
    add_learners,
    add_subject,
    announced,
    audited,
    behind_lock,
    rows,
    together,
)
from tests.parts.server import Server

BROKEN = """
create function refuse_mentors() returns trigger language plpgsql as $$
begin
    if new.role = 'MENTOR' then raise exception 'a fault on purpose'; end if;
    return new;
end $$;
create trigger refuse_mentors before insert on user_roles
    for each row execute function refuse_mentors();
"""
MENDED = "drop trigger refuse_mentors on user_roles; drop function refuse_mentors()"


def pending(api: Server, user_id: str | None = None) -> str:
    """Create a pending application, of a new learner unless a user is named."""
    application_id = new_id()
    api.execute(
        "insert into mentor_applications (id, user_id, motivation) values (%s, %s, 'x')",
        application_id,
        user_id or add_learners(api, 1)[0],
    )
    return application_id


def applicant(api: Server, application_id: str) -> str:
    sql = "select user_id from mentor_applications where id = %s"
    return str(rows(api, sql, application_id)[0][0])


def decide(api: Server, application_id: str, verb: str, **body: Any) -> httpx2.Response:
    return api.put(f"/api/admin/mentor/{application_id}/{verb}", as_="admin", json=body)


def windows(api: Server, user_id: str) -> list[dict[str, Any]]:
    user = api.get(f"/api/users/{user_id}", as_="admin").json()["data"]
    return [each for each in user["userRoles"] if each["role"] == "MENTOR"]


def test_an_approval_makes_a_mentor_of_the_subjects_named(api: Server) -> None:
    application_id = pending(api)
    user_id = applicant(api, application_id)
    first, second = add_subject(api), add_subject(api, mentor_id=api.user_id("mentor"))
    response = decide(
        api, application_id, "approve", subjectIds=[second.id, first.id], note="welcome"
    )
    assert response.status_code == 200
    decided = response.json()["data"]
    assert decided["status"] == "APPROVED"
    assert decided["decidedBy"] == api.user_id("admin")
    assert decided["decisionReason"] == "welcome"
    (window,) = windows(api, user_id)
    assert window["assignedBy"] == api.user_id("admin")
    assert window["effectiveEndDate"] is None
    taught = rows(api, "select id from subjects where mentor_id = %s order by id", user_id)
    assert taught == sorted([(first.id,), (second.id,)])
    assert audited(api, application_id) == ["mentor_application.approved"]
    assert audited(api, user_id) == ["user_role.assigned"]
    assert audited(api, first.id) == ["subject.updated"]
    assert announced(api, "applicationId", application_id) == ["mentor_application.approved"]


def test_the_role_can_be_given_for_a_time(api: Server) -> None:
    application_id = pending(api)
    end = (datetime.now(UTC) + timedelta(days=90)).replace(microsecond=0)
    assert decide(api, application_id, "approve", effectiveEndDate=end.isoformat()).is_success
    (window,) = windows(api, applicant(api, application_id))
    assert datetime.fromisoformat(window["effectiveEndDate"]) == end


def test_the_new_mentor_may_mentor_at_once(api: Server) -> None:
    who = api.user("novice")
    body = {"motivation": "please"}
    made = api.post("/api/mentor/apply", as_=who, json=body).json()["data"]["id"]
    assert api.get("/api/auth/profile", as_=who).json()["data"]["roles"] == ["LEARNER"]
    assert api.put(f"/api/admin/mentor/{made}/approve", as_="admin").status_code == 200
    assert api.get("/api/auth/profile", as_=who).json()["data"]["roles"] == ["MENTOR", "LEARNER"]


@contextmanager
def no_new_mentors(api: Server) -> Iterator[None]:
    api.execute(BROKEN)
    try:
        yield
    finally:
        api.execute(MENDED)


def test_a_fault_between_decision_and_role_leaves_neither(api: Server) -> None:
    application_id, subject = pending(api), add_subject(api)
    user_id = applicant(api, application_id)
    with no_new_mentors(api):
        broken = decide(api, application_id, "approve", subjectIds=[subject.id])
    assert broken.status_code == 500
    assert broken.json()["code"] == "INTERNAL_ERROR"
    assert "purpose" not in broken.text
    found = rows(
        api, "select status, decided_at from mentor_applications where id = %s", application_id
    )
    assert found == [("PENDING", None)]
    assert windows(api, user_id) == []
    assert rows(api, "select mentor_id from subjects where id = %s", subject.id) == [(None,)]
    assert audited(api, application_id) == []
    assert announced(api, "applicationId", application_id) == []
    assert decide(api, application_id, "approve", subjectIds=[subject.id]).status_code == 200
    assert len(windows(api, user_id)) == 1


def test_an_unknown_subject_leaves_everything_as_it_was(api: Server) -> None:
    application_id, good, deleted = pending(api), add_subject(api), add_subject(api)
    api.execute("update subjects set deleted_at = now() where id = %s", deleted.id)
    response = decide(api, application_id, "approve", subjectIds=[good.id, deleted.id])
    assert response.status_code == 422
    assert response.json()["details"] == {
        "field": "subjectIds[1]",
        "message": "Unknown subject",
        "value": deleted.id,
    }
    assert windows(api, applicant(api, application_id)) == []
    assert rows(api, "select mentor_id from subjects where id = %s", good.id) == [(None,)]


async def test_twenty_equal_approvals_at_once_are_one(api: Server) -> None:
    application_id = pending(api)
    ask = Ask("PUT", f"/api/admin/mentor/{application_id}/approve", "admin")
    responses = await behind_lock(api, "mentor_applications", application_id, *[ask] * 20)
    assert [response.status_code for response in responses] == [200] * 20
    assert len({response.json()["data"]["decidedAt"] for response in responses}) == 1
    assert audited(api, application_id) == ["mentor_application.approved"]
    assert announced(api, "applicationId", application_id) == ["mentor_application.approved"]
    assert len(windows(api, applicant(api, application_id))) == 1


async def test_of_opposite_decisions_at_once_exactly_one_wins(api: Server) -> None:
    for application_id in [pending(api) for _ in range(10)]:
        asks = [
            Ask("PUT", f"/api/admin/mentor/{application_id}/{verb}", "admin")
            for verb in ("approve", "reject")
        ]
        responses = await together(api, *asks)
        assert sorted(response.status_code for response in responses) == [200, 409]
        approved = responses[0].status_code == 200
        assert len(windows(api, applicant(api, application_id))) == int(approved)


def test_the_opposite_decision_is_refused(api: Server) -> None:
    for first, second, current in (
        ("approve", "reject", "APPROVED"),
        ("reject", "approve", "REJECTED"),
    ):
        application_id = pending(api)
        before = decide(api, application_id, first).json()["data"]
        assert decide(api, application_id, first).json()["data"] == before
        response = decide(api, application_id, second)
        assert response.status_code == 409
        assert response.json()["details"] == {
            "resource": "mentor_application",
            "id": application_id,
            "current": current,
            "expected": ["PENDING"],
        }


def test_who_is_a_mentor_by_another_way_gets_no_second_window(api: Server) -> None:
    application_id, subject = pending(api), add_subject(api)
    user_id = applicant(api, application_id)
    api.post(f"/api/users/{user_id}/roles", as_="admin", json={"role": "MENTOR"})
    before = windows(api, user_id)
    assert decide(api, application_id, "approve", subjectIds=[subject.id]).status_code == 200
    assert windows(api, user_id) == before
    assert rows(api, "select mentor_id from subjects where id = %s", subject.id) == [(user_id,)]


async def test_an_approval_and_a_grant_at_once_open_one_window(api: Server) -> None:
    for application_id in [pending(api) for _ in range(10)]:
        user_id = applicant(api, application_id)
        approval, grant = await together(
            api,
            Ask("PUT", f"/api/admin/mentor/{application_id}/approve", "admin"),
            Ask("POST", f"/api/users/{user_id}/roles", "admin", {"role": "MENTOR"}),
        )
        assert approval.status_code == 200
        assert grant.status_code in (201, 409)
        assert len(windows(api, user_id)) == 1


def test_a_role_that_is_to_begin_later_stands_in_the_way(api: Server) -> None:
    application_id = pending(api)
    user_id = applicant(api, application_id)
    start = datetime.now(UTC) + timedelta(days=30)
    body = {"role": "MENTOR", "effectiveStartDate": start.isoformat()}
    assert api.post(f"/api/users/{user_id}/roles", as_="admin", json=body).status_code == 201
    response = decide(api, application_id, "approve")
    assert response.status_code == 409
    assert response.json()["details"]["resource"] == "user_role"
    sooner = (start - timedelta(days=1)).isoformat()
    assert decide(api, application_id, "approve", effectiveEndDate=sooner).status_code == 200


@pytest.mark.parametrize(
    ("change", "current"),
    [("status = 'INACTIVE'", "INACTIVE"), ("deleted_at = now()", "DELETED")],
)
def test_an_inactive_account_does_not_become_mentor(api: Server, change: str, current: str) -> None:
    application_id = pending(api)
    user_id = applicant(api, application_id)
    api.execute(f"update users set {change} where id = %s", user_id)
    response = decide(api, application_id, "approve")
    assert response.status_code == 409
    assert response.json()["code"] == "INVALID_STATE"
    assert response.json()["details"] == {
        "resource": "user",
        "id": user_id,
        "current": current,
        "expected": ["ACTIVE"],
    }
    assert decide(api, application_id, "reject").status_code == 200


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_administrators_do_not_decide_on_themselves(api: Server, verb: str) -> None:
    who = api.user(f"boss{verb}")
    user_id = api.user_id(who)
    api.post(f"/api/users/{user_id}/roles", as_="admin", json={"role": "ADMIN"})
    application_id = pending(api, user_id)
    response = api.put(f"/api/admin/mentor/{application_id}/{verb}", as_=who)
    assert response.status_code == 403
    assert response.json()["details"] == {
        "required": ["ADMIN"],
        "user_roles": ["ADMIN", "LEARNER"],
    }
    assert decide(api, application_id, verb).status_code == 200


def test_an_impersonator_of_an_administrator_grants_no_roles(api: Server) -> None:
    application_id = pending(api)
    token = api.token("admin", act={"sub": "user_support"})
    headers = {"Authorization": f"Bearer {token}"}
    response = api.put(f"/api/admin/mentor/{application_id}/approve", headers=headers)
    assert response.status_code == 403
    assert response.json()["details"]["reason"] == "impersonation"
    rejected = api.put(f"/api/admin/mentor/{application_id}/reject", headers=headers)
    assert rejected.status_code == 200
    ((by,),) = rows(
        api,
        "select impersonator_clerk_id from audit_log where resource_id = %s",
        application_id,
    )
    assert by == "user_support"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"effectiveEndDate": "2020-01-01T00:00:00Z"}, "effectiveEndDate"),
        ({"effectiveEndDate": "2040-01-01"}, "effectiveEndDate"),
        ({"subjectIds": ["x"] * 21}, "subjectIds"),
        ({"note": "n" * 1001}, "note"),
        ({"role": "ADMIN"}, "role"),
    ],
)
def test_a_bad_approval_is_refused(api: Server, body: dict[str, object], field: str) -> None:
    response = decide(api, pending(api), "approve", **body)
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_an_unknown_application_is_not_found(api: Server) -> None:
    for verb in ("approve", "reject"):
        missing = new_id()
        response = decide(api, missing, verb)
        assert response.status_code == 404
        assert response.json()["details"] == {"resource": "mentor_application", "id": missing}
