"""Decisions reach the user concerned when they can no longer be undone; requests reach admins."""

from __future__ import annotations

import pytest

from tests.enrollment.school import Ask, add_learners, add_requests, add_subject, rows, together
from tests.mentors.test_deciding import applicant
from tests.mentors.test_deciding import pending as add_application
from tests.notifications.inbox import inbox, pass_undo_window, unread
from tests.parts.server import Server

DECISIONS = "/api/admin/enrollment/decisions"


def request(api: Server, who: str) -> tuple[str, str]:
    """Request enrollment in a new subject; return the ids of subject and enrollment."""
    subject = add_subject(api, name=f"Physics of {who}")
    (enrollment_id,) = add_requests(api, subject.id, [api.user_id(who)])
    return subject.id, enrollment_id


@pytest.mark.parametrize(("verb", "type"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decision_is_shown_after_the_undo_window(api: Server, verb: str, type: str) -> None:
    who = api.user(f"decided{type}")
    user_id = api.user_id(who)
    subject_id, enrollment_id = request(api, who)
    assert api.put(f"/api/admin/enrollment/{enrollment_id}/{verb}", as_="admin").is_success
    assert inbox(api, who) == []
    assert unread(api, who) == 0
    sql = """
    select extract(epoch from n.created_at - e.decided_at)::int from notifications n
    join enrollments e on e.id = n.about where n.user_id = %s
    """
    assert rows(api, sql, user_id) == [(35,)]
    pass_undo_window(api, user_id)
    (found,) = inbox(api, who)
    assert found["type"] == f"enrollment.{type}"
    assert found["data"] == {"enrollmentId": enrollment_id, "subjectId": subject_id}
    assert found["link"] == ("/requests" if type == "rejected" else f"/subjects/{subject_id}")
    assert f"Physics of {who}" in found["body"]
    # A repeated decision changes nothing.
    assert api.put(f"/api/admin/enrollment/{enrollment_id}/{verb}", as_="admin").is_success
    assert unread(api, who) == 1


def test_a_decision_that_was_undone_is_never_shown(api: Server) -> None:
    who = api.user("undone")
    user_id = api.user_id(who)
    _, enrollment_id = request(api, who)
    assert api.put(f"/api/admin/enrollment/{enrollment_id}/approve", as_="admin").is_success
    assert api.post(f"/api/admin/enrollment/{enrollment_id}/reopen", as_="admin").is_success
    assert rows(api, "select count(*) from notifications where user_id = %s", user_id) == [(0,)]
    assert api.put(f"/api/admin/enrollment/{enrollment_id}/reject", as_="admin").is_success
    pass_undo_window(api, user_id)
    assert [each["type"] for each in inbox(api, who)] == ["enrollment.rejected"]


def test_many_decisions_notify_each_learner(api: Server) -> None:
    learners = add_learners(api, 3)
    ids = add_requests(api, add_subject(api).id, learners)
    body = {"decisions": [{"id": each, "decision": "approve"} for each in ids]}
    assert api.post(DECISIONS, as_="admin", json=body).is_success
    sql = "select user_id, type from notifications where about = any(%s) order by user_id"
    expected = [(each, "enrollment.approved") for each in sorted(learners)]
    assert rows(api, sql, ids) == expected


async def test_two_administrators_decide_and_one_notification_is_left(api: Server) -> None:
    who = api.user("contested")
    _, enrollment_id = request(api, who)
    path = f"/api/admin/enrollment/{enrollment_id}"
    await together(
        api,
        *(Ask("PUT", f"{path}/{verb}", "admin") for verb in ("approve", "reject") * 3),
        *(Ask("POST", f"{path}/reopen", "admin") for _ in range(3)),
    )
    status = rows(api, "select status from enrollments where id = %s", enrollment_id)[0][0]
    types = rows(api, "select type from notifications where about = %s", enrollment_id)
    expected = [] if status == "PENDING" else [(f"enrollment.{status.lower()}",)]
    assert types == expected


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_applicants_are_notified_of_decisions(api: Server, verb: str) -> None:
    application_id = add_application(api)
    user_id = applicant(api, application_id)
    assert api.put(f"/api/admin/mentor/{application_id}/{verb}", as_="admin").is_success
    sql = "select type, data ->> 'applicationId' from notifications where user_id = %s"
    past = {"approve": "approved", "reject": "rejected"}[verb]
    assert rows(api, sql, user_id) == [(f"mentor_application.{past}", application_id)]
    assert api.post(f"/api/admin/mentor/{application_id}/reopen", as_="admin").is_success
    assert rows(api, sql, user_id) == []


def of_type(api: Server, type: str) -> list[tuple[bool, int]]:
    """Whether the administrator has read each notification of a type, and its count."""
    found = [each for each in inbox(api, "admin") if each["type"] == type]
    return [(each["read"], each["data"]["count"]) for each in found]


def test_administrators_have_one_unread_notification_of_all_requests(api: Server) -> None:
    api.post("/api/notifications/read-all", as_="admin")
    earlier = of_type(api, "enrollment.requested")
    subject = add_subject(api)
    askers = [api.user(f"asking{n}") for n in (1, 2, 3)]
    for n, who in enumerate(askers, start=1):
        body = {"subjectId": subject.id}
        assert api.post("/api/enrollment/request", as_=who, json=body).status_code == 201
        assert of_type(api, "enrollment.requested") == [(False, n), *earlier]
    first = inbox(api, "admin")[0]
    assert first["title"] == "3 new enrollment requests"
    assert first["link"] == "/admin/requests"
    assert api.put(f"/api/notifications/{first['id']}/read", as_="admin").is_success
    body = {"subjectId": add_subject(api).id}
    assert api.post("/api/enrollment/request", as_=askers[0], json=body).status_code == 201
    assert of_type(api, "enrollment.requested") == [(False, 1), (True, 3), *earlier]


async def test_requests_at_the_same_time_are_all_counted(api: Server) -> None:
    api.post("/api/notifications/read-all", as_="admin")
    applicants = [api.user(f"applying{n}") for n in range(8)]
    body = {"motivation": "I teach"}
    asks = [Ask("POST", "/api/mentor/apply", who, body) for who in applicants]
    responses = await together(api, *asks)
    assert [response.status_code for response in responses] == [201] * 8
    assert of_type(api, "mentor_application.submitted")[0] == (False, 8)
