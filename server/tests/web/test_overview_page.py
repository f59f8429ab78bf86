"""The overview of administrators: queues, numbers with their change, decisions, health, set-up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.enrollment.school import rows
from tests.factories import create_subject, create_topic, create_user
from tests.library.school import eventually
from tests.parts.ports import free_port
from tests.parts.server import Server
from tests.parts.valkey import Valkey
from tests.web.queues import add_applications, add_waiting, clear
from tests.web.visitors import Visitor


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    """The administrator of a school in use; a fresh one shows no numbers."""
    add_waiting(api, 1)
    return Visitor(api, "user_admin")


def text_of(page: str) -> str:
    """Return the words of a page, with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_queues_show_number_and_oldest_age(api: Server, admin: Visitor) -> None:
    clear(api)
    assert "0 waiting Everything is decided." in text_of(admin.get("/admin").text)
    add_waiting(api, 3)
    add_applications(api, 2)
    shown = admin.get("/admin").text
    assert "Enrollment requests 3 waiting The oldest: 3 days ago" in text_of(shown)
    assert "Mentor applications 2 waiting The oldest:" in text_of(shown)
    assert 'href="/admin/requests"' in shown
    assert 'href="/admin/mentors"' in shown


def test_numbers_are_those_of_the_api_with_their_change(api: Server, admin: Visitor) -> None:
    clear(api)
    today = datetime.now(UTC).date()
    with api.db() as db:
        learners = [create_user(db).id for _ in range(5)]
        for n, days in enumerate((0, 1, 2, 8, 9)):
            db.execute(
                "insert into activity_days (user_id, day) values (%s, %s)",
                (learners[n], today - timedelta(days=days)),
            )
    active = api.get("/api/analytics/overview", as_="admin").json()["data"]["activeLearners7d"]
    assert active >= 3
    text = text_of(admin.get("/admin").text)
    assert f"{active} active learners, {active - 2} more than last week" in text
    waiting = add_waiting(api, 4)
    for each in waiting.ids[:2]:
        api.put(f"/api/admin/enrollment/{each}/approve", as_="admin")
    page = admin.get("/admin").text
    assert "2 requests approved in 7 days" in text_of(page)
    assert page.count("<polyline") == 6
    assert " style=" not in page
    points = re.findall(r'points="([^"]+)"', page)
    assert {len(each.split()) for each in points} == {8}


def test_the_plan_does_not_matter(api: Server, admin: Visitor) -> None:
    api.execute("update users set plan = 'FREE' where clerk_id = 'user_admin'")
    try:
        assert "active learner" in admin.get("/admin").text
    finally:
        api.execute("update users set plan = 'ENTERPRISE' where clerk_id = 'user_admin'")


def test_recent_decisions_name_who_and_when(api: Server, admin: Visitor) -> None:
    clear(api)
    waiting = add_waiting(api, 8)
    (application,) = add_applications(api, 1)
    for each in waiting.ids[:7]:
        api.put(f"/api/admin/enrollment/{each}/reject", as_="admin")
    api.put(f"/api/admin/mentor/{application}/approve", as_="admin")
    text = text_of(admin.get("/admin").text)
    assert "Ama Boateng , mentor Approved by Ama Owusu, " in text
    assert text.count("by Ama Owusu") == 6
    assert "Adjoa Boateng , Physics Rejected by Ama Owusu, " in text


def test_health_names_what_does_not_work(api: Server, admin: Visitor) -> None:
    text = text_of(admin.get("/admin").text)
    assert "Database works Storage works" in text
    api.execute(
        "insert into webhook_dead_letters (message_id, reason, body) "
        "select 'm' || n, 'x', '' from generate_series(1, 2) n"
    )
    try:
        text = text_of(admin.get("/admin").text)
        assert "messages that could not be applied: 2" in text
    finally:
        api.execute("delete from webhook_dead_letters")


def test_health_names_a_counter_and_a_store_that_do_not_answer(
    start_server: StartServer, tmp_path: Path
) -> None:
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    api = start_server(
        {
            "AKAKO_REDIS_URL": valkey.url,
            "AKAKO_STORAGE_URL": "s3://akako",
            "AKAKO_S3_ENDPOINT": f"http://127.0.0.1:{free_port()}",
            "AKAKO_S3_REGION": "eu",
            "AKAKO_S3_ACCESS_KEY_ID": "key",
            "AKAKO_S3_SECRET_ACCESS_KEY": "secret",
        }
    )
    try:
        admin = Visitor(api, "user_admin")
        works = "Storage does not answer Valkey works"
        # A Valkey that was slow for a moment is tried again after a second.
        eventually(lambda: works in text_of(admin.get("/admin").text))
    finally:
        valkey.stop()
    text = text_of(admin.get("/admin").text)
    assert "Valkey does not answer: each process counts by itself" in text


def test_a_fresh_school_shows_what_to_do(start_server: StartServer) -> None:
    api = start_server()
    admin = Visitor(api, "user_admin")
    shown = text_of(admin.get("/admin").text)
    tasks = ("Add a level", "Invite a person", "Assign a mentor", "Publish a topic")
    assert all(each in shown for each in tasks)
    assert shown.count("(done)") == rows(api, "select (count(*) > 1)::int from users")[0][0]
    assert "active learner" not in shown
    page = admin.get("/admin").text
    assert re.findall(r'<a href="([^"]+)">(?:Add a|Invite a|Assign a|Publish a)', page) == [
        *("/admin/curriculum", "/admin/people?invite=1#invite"),
        *("/admin/curriculum", "/admin/curriculum"),  # this administrator does not teach
    ]
    with api.db() as db:
        made = create_subject(db, mentor_id=create_user(db, role="MENTOR").id)
    shown = text_of(admin.get("/admin").text)
    assert shown.count("(done)") == 3
    assert "active learner" in shown
    with api.db() as db:
        create_topic(db, subject_id=made.id)
    assert "Set up your school" not in admin.get("/admin").text
