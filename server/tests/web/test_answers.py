"""What a learner reads about requests: when they were sent, and when and how they are answered."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.education.school import enroll
from tests.factories import create_enrollment, create_subject, create_topic
from tests.learning.school import add_learner, add_subject
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in

TIME = r'<time datetime="[^"]+" title="[^"]+">\d+ [A-Z][a-z]+(?: \d{4})?</time>'


def words(page: str) -> str:
    """Return the text of a page with single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))


def decide(api: Server, subject_id: str, hours: float, who: str) -> None:
    """Add a request that was answered after some hours."""
    with api.db() as db:
        made = create_enrollment(db, user_id=who, subject_id=subject_id, status="APPROVED")
        db.execute(
            "update enrollments set requested_at = now() - interval '9 days', decided_at ="
            " now() - interval '9 days' + make_interval(secs => %s) where id = %s",
            (hours * 3600, made),
        )


def test_a_pending_request_says_when_it_is_usually_answered(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
    visitor = signed_in(api, add_learner(api).clerk_id)
    path = f"/subjects/{made.id}"
    visitor.submit(f"{path}/request")
    page = visitor.get(path).text
    assert re.search(f"Requested on {TIME}", page)
    assert "The school has not answered yet." in words(page)
    cases = {
        2: "within a day",
        30: "within 2 days",
        24 * 13: "within 2 weeks",
        0.5: "within an hour",
    }
    for hours, text in cases.items():
        api.execute(
            "delete from enrollments where decided_at is not null and subject_id = %s", made.id
        )
        for _ in range(3):
            decide(api, made.id, hours, add_learner(api).id)
        assert f"usually answered {text}" in words(visitor.get(path).text), hours
    page = visitor.get(path).text
    assert "Request to enroll" not in page  # one button
    assert re.findall(r'action="/requests/\w+/withdraw"', page)


def test_a_decision_is_shown_when_it_cannot_be_undone_any_more(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
        topic_id = create_topic(db, subject_id=made.id).id
    learner = add_learner(api)
    visitor = signed_in(api, learner.clerk_id)
    visitor.submit(f"/subjects/{made.id}/request")
    (request,) = api.get("/api/enrollment/me", as_=learner.clerk_id).json()["data"]
    answer = api.put(
        f"/api/admin/enrollment/{request['id']}/reject",
        as_="admin",
        json={"reason": "Finish Grade 4 first."},
    )
    assert answer.status_code == 200, answer.text
    pages = ("/requests", f"/subjects/{made.id}", "/home")
    lists = (f"/browse/grades/{made.grade_id}", f"/home?grade={made.grade_id}")
    request_again = f'action="/subjects/{made.id}/request"'
    for path in (*pages, f"/topics/{topic_id}"):
        page = visitor.get(path).text
        assert "Withdraw" in page, path
        assert "Finish Grade 4 first." not in page, path
    for path in lists:
        page = visitor.get(path).text
        assert "Requested" in page, path
        assert request_again not in page, path
    sql = "update enrollments set decided_at = now() - interval '31 seconds' where id = %s"
    api.execute(sql, request["id"])
    for path in pages:
        page = visitor.get(path).text
        assert "Withdraw" not in page, path
        assert "Finish Grade 4 first." in page, path
    for path in (*lists, f"/topics/{topic_id}"):
        assert request_again in visitor.get(path).text, path


def test_an_approval_is_shown_when_it_cannot_be_undone_any_more(api: Server) -> None:
    with api.db() as db:
        made = create_subject(db)
        create_topic(db, subject_id=made.id)
    learner = add_learner(api)
    visitor = signed_in(api, learner.clerk_id)
    visitor.submit(f"/subjects/{made.id}/request")
    (request,) = api.get("/api/enrollment/me", as_=learner.clerk_id).json()["data"]
    path = f"/api/admin/enrollment/{request['id']}/approve"
    assert api.put(path, as_="admin").status_code == 200
    lists = (f"/browse/grades/{made.grade_id}", f"/home?grade={made.grade_id}")
    for path in lists:
        page = visitor.get(path).text
        assert ("Requested" in page, "Enrolled" in page) == (True, False), path
    sql = "update enrollments set decided_at = now() - interval '31 seconds' where id = %s"
    api.execute(sql, request["id"])
    for path in lists:
        assert "Enrolled" in visitor.get(path).text, path
    # Who leaves a subject right after the approval sees no request that waits.
    api.execute("update enrollments set decided_at = now() where id = %s", request["id"])
    visitor.submit(f"/requests/{request['id']}/withdraw")
    for path in (*lists, f"/subjects/{made.id}"):
        assert "Request to enroll" in visitor.get(path).text, path
    assert "Waiting for an answer" not in visitor.get("/home").text


def test_requests_are_a_timeline_from_which_learners_ask_again(api: Server) -> None:
    subjects = [add_subject(api)[0] for _ in range(3)]
    learner = add_learner(api)
    with api.db() as db:
        for subject_id, status in zip(subjects, ("REJECTED", "CANCELLED", "APPROVED"), strict=True):
            create_enrollment(db, user_id=learner.id, subject_id=subject_id, status=status)
        db.execute(
            "update enrollments set decision_reason = 'The class is full.', message = 'Please',"
            " decided_at = now() - interval '2 days' where user_id = %s and status = 'REJECTED'",
            (learner.id,),
        )
    visitor = signed_in(api, learner.clerk_id)
    page = visitor.get("/requests").text
    text = words(page)
    for each in ("Not approved", "Withdrawn", "Approved", "The class is full.", "Please"):
        assert each in text
    assert re.search(f"answered on {TIME}", page)
    assert len(re.findall('<li class="(?:ok|bad|)">', page)) == 3
    again = re.findall(r'action="(/subjects/\w+/request)"', page)
    assert sorted(again) == sorted(f"/subjects/{each}/request" for each in subjects[:2])
    assert visitor.submit(again[0], next="/requests").headers["location"] == "/requests"
    page = visitor.get("/requests").text
    assert "Waiting for a decision" in page
    assert again[0] not in page  # asked once
    withdraw = re.findall(r'action="(/requests/\w+/withdraw)"', page)
    assert len(withdraw) == 1
    assert visitor.submit(withdraw[0]).status_code == 303


@pytest.mark.parametrize(
    ("accepted", "title"), [("en", "Enrollment approved"), ("fr", "Inscription acceptée")]
)
def test_notifications_are_in_the_language_of_the_page(
    api: Server, accepted: str, title: str
) -> None:
    subject_id, _ = add_subject(api, name="Biologie")
    learner = add_learner(api)
    with api.db() as db:
        db.execute(
            "insert into notifications (id, user_id, type, data) values"
            " (%s, %s, 'enrollment.approved', jsonb_build_object('subjectId', %s::text))",
            (f"n{learner.id}", learner.id, subject_id),
        )
    visitor = Visitor(api, **{"Accept-Language": accepted})
    visitor.sign_in(learner.clerk_id)
    for path in ("/notifications", "/home"):
        text = words(visitor.get(path).text)
        assert title in text, path
        assert "Biologie" in text, path
    api_title = api.get("/api/notifications", as_=learner.clerk_id).json()["data"][0]["title"]
    assert api_title == "Enrollment approved"


def test_after_the_last_topic_home_offers_the_next_subject(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    with api.db() as db:
        grade_id = db.execute(
            "select grade_id from subjects where id = %s", (subject_id,)
        ).fetchone()
        assert grade_id
    other = api.post(
        "/api/admin/education/subjects",
        as_="admin",
        json={"name": "Astronomy", "gradeId": grade_id[0]},
    ).json()["data"]["id"]
    with api.db() as db:
        create_topic(db, subject_id=other)
    visitor = signed_in(api, learner.clerk_id)
    assert "Continue:" in visitor.get("/home").text
    done = api.put(
        f"/api/progress/topics/{topic_id}", as_=learner.clerk_id, json={"markedDone": True}
    )
    assert done.status_code == 200
    page = visitor.get("/home").text
    assert "Well done" in page
    assert "Your next subject" in page
    assert f'action="/subjects/{other}/request"' in page
    enroll(api, other, learner.id)
    assert "Continue:" in visitor.get("/home").text


def test_a_wrong_application_keeps_every_text(api: Server) -> None:
    visitor = signed_in(api, add_learner(api).clerk_id)
    sent = {"motivation": " ", "qualifications": "Diploma", "experience": "Two years"}
    page = visitor.submit("/mentor/apply", **sent)
    assert page.status_code == 422
    assert "Enter why you want to teach" in page.text
    assert ">\nDiploma</textarea>" in page.text
    assert ">\nTwo years</textarea>" in page.text
