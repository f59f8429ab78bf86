"""Every area against a running server, through both clients."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from akako_lms import (
    AkakoAPI,
    AkakoError,
    ConflictError,
    ForbiddenError,
    Level,
    NotFoundError,
    PreconditionFailedError,
    Synced,
    UnauthorizedError,
    User,
    ValidationError,
)
from calls import Call
from tests.parts.server import Server

numbers = itertools.count(1)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def fresh(word: str) -> str:
    return f"{word} {next(numbers)}"


def base(api: Server) -> str:
    return f"{api.url}/api"


def admin(api: Server) -> AkakoAPI:
    return AkakoAPI(base_url=base(api), token=api.token("admin"))


def make_subject(api: Server) -> Any:
    with admin(api) as client:
        level = client.education.create_level(name=fresh("Level"))
        grade = client.education.create_grade(
            education_level_id=level.id, name="Grade 1", level="primary"
        )
        return client.education.create_subject(grade_id=grade.id, name="Mathematics")


def test_the_example_of_the_reference(api: Server) -> None:
    client = AkakoAPI(base_url=base(api), token=api.token("admin"))

    levels = client.education.get_levels()
    new_level = client.education.create_level(name="High School", description="Secondary education")

    assert isinstance(levels, list)
    assert levels.pagination.page == 1
    assert isinstance(new_level, Level)
    assert (new_level.name, new_level.description) == ("High School", "Secondary education")
    assert new_level.created_at.tzinfo is not None
    assert new_level in client.education.get_levels(limit=100)
    client.close()


def test_a_trailing_slash_does_no_harm(api: Server, call: Call) -> None:
    assert isinstance(call(lambda c: c.education.get_levels(), base(api) + "/"), list)


def test_objects_are_written_as_the_api_has_them(api: Server, call: Call) -> None:
    subject = make_subject(api)
    token = api.token("admin")
    topic = call(
        lambda c: c.education.create_topic(subject_id=subject.id, name="Addition", content="1+1"),
        base(api),
        token,
    )
    sent = api.get(f"/api/education/topics/{topic.id}", as_="admin").json()["data"]
    sent.pop("updatedAt"), sent.pop("createdAt")
    written = topic.to_dict()
    assert datetime.fromisoformat(written.pop("createdAt")) == topic.created_at
    written.pop("updatedAt")
    assert written == {name: value for name, value in sent.items() if name in written}
    assert sent.keys() - written.keys() <= {"videoUrl"}
    anonymous = call(lambda c: c.education.get_topic(topic.id), base(api))
    assert anonymous.content is None
    assert "content" not in anonymous.to_dict()
    assert json.loads(json.dumps(anonymous.to_dict()))["documentCount"] == 0


def test_the_curriculum(api: Server, call: Call) -> None:
    token, name = api.token("admin"), fresh("Level")

    def via(perform: Any) -> Any:
        return call(perform, base(api), token)

    level = via(lambda c: c.education.create_level(name=name, image_url="https://e.com/a.png"))
    grade = via(
        lambda c: c.education.create_grade(education_level_id=level.id, name="1", level="primary")
    )
    subject = via(lambda c: c.education.create_subject(grade_id=grade.id, name="Maths"))
    topic = via(lambda c: c.education.create_topic(subject_id=subject.id, name="Addition"))
    assert via(lambda c: c.education.get_grades(level.id)) == [grade]
    assert via(lambda c: c.education.get_subjects(grade.id)) == [subject]
    (listed,) = via(lambda c: c.education.get_topics(subject.id))
    assert (listed.id, "content" in listed.to_dict()) == (topic.id, False)
    assert via(lambda c: c.education.get_topic(topic.id)).name == "Addition"

    changed = via(lambda c: c.education.update_level(level.id, image_url=None, if_match=level.etag))
    assert changed.image_url is None
    assert changed.name == name
    with pytest.raises(PreconditionFailedError):
        via(lambda c: c.education.update_level(level.id, name="x", if_match=level.etag))
    assert via(lambda c: c.education.update_grade(grade.id, level="higher")).level == "higher"
    mentor = api.user_id("mentor")
    assert via(lambda c: c.education.update_subject(subject.id, mentor_id=mentor)).mentor.id
    assert via(lambda c: c.education.update_topic(topic.id, content="2")).content == "2"

    assert via(lambda c: c.education.delete_topic(topic.id)).deleted
    assert via(lambda c: c.education.delete_subject(subject.id)).deleted
    assert via(lambda c: c.education.delete_grade(grade.id, force=True)).deleted
    assert via(lambda c: c.education.delete_level(level.id)).id == level.id
    with pytest.raises(NotFoundError):
        via(lambda c: c.education.get_grades(level.id))


def test_iterators_walk_all_pages(api: Server, call: Call) -> None:
    word = fresh("walked")
    with admin(api) as client:
        made = [client.education.create_level(name=f"{word} {n}").id for n in range(5)]
    seen = call(lambda c: c.education.iter_levels(limit=2, search=word, sort="name"), base(api))
    assert [each.id for each in seen] == made
    page = call(lambda c: c.education.get_levels(limit=2, search=word), base(api))
    assert len(page) == 2
    assert page.pagination.total == 5
    assert page.pagination.has_next


def test_users_and_roles(api: Server, call: Call) -> None:
    who = api.user_id(api.user(f"person{next(numbers)}"))
    token = api.token("admin")

    def via(perform: Any) -> Any:
        return call(perform, base(api), token)

    end = datetime.now(UTC) + timedelta(days=1)
    assigned = via(lambda c: c.users.assign_role(who, "MENTOR", effective_end_date=end))
    assert assigned.user_role.effective_end_date == end
    assert assigned.user.roles == ["MENTOR", "LEARNER"]
    listed = via(lambda c: c.users.get_users(role=["MENTOR", "ADMIN"], created_to=end, limit=100))
    assert who in [each.id for each in listed]
    assert via(lambda c: c.users.remove_role(who, "MENTOR")).roles == ["LEARNER"]
    assert via(lambda c: c.users.update_user(who, plan="PRO")).plan == "PRO"
    user = via(lambda c: c.users.get_user(who))
    assert isinstance(user, User)
    assert {role.role for role in user.user_roles} == {"LEARNER", "MENTOR"}
    assert who in [each.id for each in via(lambda c: c.users.iter_users(limit=1))]


def test_the_own_account(api: Server, call: Call) -> None:
    token = api.token("learner")
    synced = call(lambda c: c.auth.sync(user_id="user_123", email="test@example.com"), base(api))
    assert isinstance(synced, Synced)
    assert isinstance(call(lambda c: c.auth.sync(), base(api), token), User)
    assert call(lambda c: c.auth.get_profile(), base(api), token).clerk_id == "user_123"
    changed = call(lambda c: c.auth.update_profile(first_name="Ada"), base(api), token)
    assert changed.first_name == "Ada"
    assert call(lambda c: c.plans.get_quota(), base(api), token).api_calls.limit == 1000


def test_plans_and_history(api: Server, call: Call) -> None:
    token, name = api.token("admin"), f"org_sdk{next(numbers)}"
    organization = call(lambda c: c.plans.set_organization_plan(name, "PRO"), base(api), token)
    assert organization.plan == "PRO"
    entries = call(lambda c: c.audit.get_entries(limit=1), base(api), token)
    assert entries[0].action
    assert call(lambda c: c.audit.iter_entries(action=entries[0].action), base(api), token)


def test_enrollment(api: Server, call: Call) -> None:
    learners = [api.user(f"pupil{next(numbers)}") for _ in range(3)]
    subject, token = make_subject(api), api.token("admin")
    asked = [
        call(
            lambda c: c.enrollment.request_enrollment(subject.id, message="please"),
            base(api),
            api.token(who),
        )
        for who in learners
    ]
    pending = call(
        lambda c: c.enrollment.iter_pending_enrollments(subject_id=subject.id), base(api), token
    )
    assert [each.id for each in pending] == [each.id for each in asked]
    assert pending[0].subject.name == "Mathematics"
    first, second, third = (each.id for each in asked)
    approved = call(lambda c: c.enrollment.approve_enrollment(first, note="ok"), base(api), token)
    assert approved.status == "APPROVED"
    rejected = call(lambda c: c.enrollment.reject_enrollment(second), base(api), token)
    assert rejected.status == "REJECTED"
    reopened = call(lambda c: c.enrollment.reopen_enrollment(second), base(api), token)
    assert reopened.status == "PENDING"
    decisions = [{"id": second, "decision": "reject", "reason": "full"}]
    results = call(lambda c: c.enrollment.decide_enrollments(decisions), base(api), token)
    assert [(each.id, each.status) for each in results] == [(second, "REJECTED")]
    cancelled = call(
        lambda c: c.enrollment.cancel_enrollment(third), base(api), api.token(learners[2])
    )
    assert cancelled.status == "CANCELLED"
    mine = call(lambda c: c.enrollment.get_my_enrollments(), base(api), api.token(learners[0]))
    assert [each.id for each in mine] == [first]
    assert not call(
        lambda c: c.enrollment.get_pending_enrollments(subject_id=subject.id), base(api), token
    )


def test_mentor_applications(api: Server, call: Call) -> None:
    subject, token = make_subject(api), api.token("admin")
    applicants = [api.user(f"applicant{next(numbers)}") for _ in range(2)]
    applied = [
        call(lambda c: c.mentors.apply(motivation="I like it"), base(api), api.token(who))
        for who in applicants
    ]
    pending = call(lambda c: c.mentors.iter_pending_applications(), base(api), token)
    assert {each.id for each in applied} <= {each.id for each in pending}
    first, second = (each.id for each in applied)
    approved = call(
        lambda c: c.mentors.approve_application(first, subject_ids=[subject.id]), base(api), token
    )
    assert approved.status == "APPROVED"
    rejected = call(lambda c: c.mentors.reject_application(second, reason="no"), base(api), token)
    assert rejected.decision_reason == "no"
    mine = call(lambda c: c.mentors.get_my_applications(), base(api), api.token(applicants[1]))
    assert mine[0].status == "REJECTED"
    assert second not in [
        each.id for each in call(lambda c: c.mentors.get_pending_applications(), base(api), token)
    ]


def test_decisions_on_applications_and_all_requests(api: Server, call: Call) -> None:
    subject, token, who = make_subject(api), api.token("admin"), api.user(f"new{next(numbers)}")
    applied = call(lambda c: c.mentors.apply(motivation="I teach"), base(api), api.token(who))
    decisions = [{"id": applied.id, "decision": "approve", "subjectIds": [subject.id]}]
    results = call(lambda c: c.mentors.decide_applications(decisions), base(api), token)
    assert [(each.id, each.status) for each in results] == [(applied.id, "APPROVED")]
    reopened = call(lambda c: c.mentors.reopen_application(applied.id), base(api), token)
    assert reopened.status == "PENDING"
    found = call(
        lambda c: c.mentors.iter_applications(
            status=["PENDING", "REJECTED"], user_id=applied.user_id
        ),
        base(api),
        token,
    )
    assert [each.id for each in found] == [applied.id]
    asked = call(lambda c: c.enrollment.request_enrollment(subject.id), base(api), api.token(who))
    everything = call(
        lambda c: c.enrollment.get_enrollments(subject_id=subject.id, status="PENDING"),
        base(api),
        token,
    )
    assert [each.id for each in everything] == [asked.id]


def test_notifications(api: Server, call: Call) -> None:
    subject, token, who = make_subject(api), api.token("admin"), api.user(f"note{next(numbers)}")
    call(lambda c: c.enrollment.request_enrollment(subject.id), base(api), api.token(who))
    unread = call(lambda c: c.notifications.iter_notifications(unread=True), base(api), token)
    newest = unread[0]
    assert newest.type == "enrollment.requested"
    assert newest.data["subjectId"] == subject.id
    assert call(lambda c: c.notifications.get_unread_count(), base(api), token) == len(unread)
    assert call(lambda c: c.notifications.mark_read(newest.id), base(api), token).read
    assert call(lambda c: c.notifications.mark_all_read(), base(api), token) == len(unread) - 1
    page = call(lambda c: c.notifications.get_notifications(unread=False), base(api), token)
    assert newest.id in [each.id for each in page]


def test_an_event_of_clerk(start_server: Any, call: Call) -> None:
    server = start_server(environment={"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})
    event = {"type": "session.created", "object": "event", "data": {"id": "sess_1"}}
    receipt = call(lambda c: c.webhooks.send_clerk_event(event, secret=SECRET), f"{server.url}/api")
    assert receipt.received
    other = "whsec_plJ3nmyCDGBKInavdOK15jsl"
    with pytest.raises(UnauthorizedError):
        call(lambda c: c.webhooks.send_clerk_event(event, secret=other), f"{server.url}/api")


def test_errors_hold_what_the_server_sent(api: Server, call: Call) -> None:
    name = fresh("Primary")
    with admin(api) as client:
        client.education.create_level(name=name)
    with pytest.raises(ConflictError) as caught:
        call(lambda c: c.education.create_level(name=name), base(api), api.token("admin"))
    error = caught.value
    assert isinstance(error, AkakoError)
    assert (error.status, error.code) == (409, "CONFLICT")
    assert error.details == {"resource": "education_level", "field": "name", "value": name}
    assert error.request_id
    assert error.request_id in str(error)
    with pytest.raises(ForbiddenError) as forbidden:
        call(lambda c: c.users.get_users(), base(api), api.token("learner"))
    assert forbidden.value.details["required"] == ["ADMIN"]
    with pytest.raises(UnauthorizedError):
        call(lambda c: c.auth.get_profile(), base(api))
    with pytest.raises(ValidationError):
        call(lambda c: c.education.create_level(name=""), base(api), api.token("admin"))


def test_a_mistyped_keyword_is_not_ignored(api: Server, call: Call) -> None:
    with pytest.raises(TypeError, match="serach"):
        call(lambda c: c.education.get_levels(serach="x"), base(api))
    with pytest.raises(TypeError, match="nome"):
        call(lambda c: c.education.update_level("x", nome="y"), base(api))
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="time zone"):
        call(lambda c: c.education.get_levels(created_from=naive), base(api))


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_leads_nowhere_else(api: Server, call: Call, id: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        call(lambda c: c.users.get_user(id), base(api), api.token("admin"))


@pytest.mark.parametrize("id", ["../users", "a/b", "a?b=c", "ä"])
def test_a_strange_id_is_an_unknown_one(api: Server, call: Call, id: str) -> None:
    with pytest.raises(NotFoundError):
        call(lambda c: c.users.get_user(id), base(api), api.token("admin"))
