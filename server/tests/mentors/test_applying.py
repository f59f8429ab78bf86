"""Learners apply to become mentors."""

from __future__ import annotations

import pytest

from tests.enrollment.school import Ask, add_subject, announced, audited, rows, together
from tests.parts.server import Server

APPLY = "/api/mentor/apply"
PENDING = "/api/admin/mentor/pending"
BODY = {"motivation": "I like to explain"}


def apply(api: Server, who: str) -> str:
    response = api.post(APPLY, as_=who, json=BODY)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])


def test_an_application_is_pending_and_on_record(api: Server) -> None:
    who, subject = api.user("ama"), add_subject(api)
    body = {
        "motivation": " I like\nto explain ",
        "qualifications": "BSc",
        "experience": None,
        "subjectIds": [subject.id, subject.id],
    }
    response = api.post(APPLY, as_=who, json=body)
    assert response.status_code == 201
    assert response.headers["location"] == "/api/mentor/applications/me"
    application = response.json()["data"]
    assert application == {
        "id": application["id"],
        "status": "PENDING",
        "userId": api.user_id(who),
        "motivation": "I like\nto explain",
        "qualifications": "BSc",
        "experience": None,
        "subjectIds": [subject.id],
        "requestedAt": application["requestedAt"],
        "decidedAt": None,
        "decidedBy": None,
        "decisionReason": None,
    }
    assert audited(api, application["id"]) == ["mentor_application.requested"]
    assert announced(api, "applicationId", application["id"]) == ["mentor_application.requested"]
    kept = rows(api, "select after from audit_log where resource_id = %s", application["id"])
    assert "explain" not in str(kept)


async def test_of_twenty_applications_at_once_one_is_made(api: Server) -> None:
    who = api.user("hasty")
    responses = await together(api, *[Ask("POST", APPLY, who, BODY)] * 20)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 19
    refused = next(response for response in responses if response.status_code == 409)
    assert refused.json()["details"] == {
        "resource": "mentor_application",
        "field": "status",
        "value": "PENDING",
    }
    made = rows(
        api, "select count(*) from mentor_applications where user_id = %s", api.user_id(who)
    )
    assert made == [(1,)]


def test_a_mentor_need_not_apply(api: Server) -> None:
    response = api.post(APPLY, as_="mentor", json=BODY)
    assert response.status_code == 409
    assert response.json()["code"] == "CONFLICT"
    assert response.json()["details"] == {
        "resource": "user_role",
        "field": "role",
        "value": "MENTOR",
    }


def test_after_a_rejection_one_may_apply_again(api: Server) -> None:
    who = api.user("patient")
    first = apply(api, who)
    body = {"reason": "not yet"}
    assert api.put(f"/api/admin/mentor/{first}/reject", as_="admin", json=body).is_success
    second = apply(api, who)
    mine = api.get("/api/mentor/applications/me", as_=who).json()["data"]
    assert [(each["id"], each["status"], each["decisionReason"]) for each in mine] == [
        (second, "PENDING", None),
        (first, "REJECTED", "not yet"),
    ]


@pytest.mark.parametrize("change", ["is_active = false", "deleted_at = now()"])
def test_subjects_out_of_sight_are_unknown(api: Server, change: str) -> None:
    seen, hidden = add_subject(api), add_subject(api)
    api.execute(f"update grades set {change} where id = %s", hidden.grade_id)
    body = {**BODY, "subjectIds": [seen.id, hidden.id, "nope"]}
    response = api.post(APPLY, as_=api.user("picky"), json=body)
    assert response.status_code == 422
    assert [each["field"] for each in response.json()["details"]["errors"]] == [
        "subjectIds[1]",
        "subjectIds[2]",
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "motivation"),
        ({"motivation": " "}, "motivation"),
        ({"motivation": "m" * 5001}, "motivation"),
        ({**BODY, "experience": "e" * 5001}, "experience"),
        ({**BODY, "qualifications": ["BSc"]}, "qualifications"),
        ({**BODY, "subjectIds": ["x"] * 21}, "subjectIds"),
        ({**BODY, "subjectIds": ["a b"]}, "subjectIds[0]"),
        ({**BODY, "subjectIds": None}, "subjectIds"),
        ({**BODY, "status": "APPROVED"}, "status"),
    ],
)
def test_a_bad_application_is_refused(api: Server, body: dict[str, object], field: str) -> None:
    response = api.post(APPLY, as_="learner", json=body)
    assert response.status_code == 422
    assert response.json()["details"]["field"] == field


def test_only_learners_apply(api: Server) -> None:
    who = api.user("newcomer")
    api.delete(f"/api/users/{api.user_id(who)}/roles?role=LEARNER", as_="admin")
    response = api.post(APPLY, as_=who, json={})
    assert response.status_code == 403
    assert response.json()["details"]["required"] == ["LEARNER"]


def test_pending_applications_come_in_their_order_with_who_applies(api: Server) -> None:
    names = [api.user(f"queue{number}") for number in range(3)]
    made = [apply(api, who) for who in names]
    query = "search=queue&limit=2"
    first = api.get(f"{PENDING}?{query}", as_="admin")
    assert [each["id"] for each in first.json()["data"]] == made[:2]
    shown = first.json()["data"][0]
    assert shown["user"] == {
        "id": api.user_id(names[0]),
        "email": api.get("/api/auth/profile", as_=names[0]).json()["data"]["email"],
        "username": None,
        "firstName": "Queue0",
        "lastName": None,
    }
    assert shown["motivation"] == BODY["motivation"]
    following = first.headers["link"].partition(">")[0].removeprefix("<")
    assert [each["id"] for each in api.get(following, as_="admin").json()["data"]] == made[2:]
    newest = api.get(f"{PENDING}?search=queue&sort=createdAt&order=desc", as_="admin")
    assert [each["id"] for each in newest.json()["data"]] == made[::-1]
    none = api.get(f"{PENDING}?search=queue&createdTo=2020-01-01", as_="admin")
    assert none.json()["data"] == []
    api.put(f"/api/admin/mentor/{made[0]}/reject", as_="admin")
    left = api.get(f"{PENDING}?search=queue", as_="admin")
    assert [each["id"] for each in left.json()["data"]] == made[1:]
    assert left.json()["pagination"]["total"] == 2


def test_only_administrators_see_who_applies(api: Server) -> None:
    for who in ("learner", "mentor"):
        assert api.get(PENDING, as_=who).status_code == 403
