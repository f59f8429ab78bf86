"""No write of a notification invalidates cached responses for callers without a token."""

from __future__ import annotations

import psycopg

from akako.backends.database.public_changes import CHANNEL
from akako.rooms import endpoints
from tests.enrollment.school import add_requests, add_subject
from tests.notifications.inbox import inbox
from tests.parts.server import Server


def test_requests_decisions_and_reading_change_nothing_public(api: Server) -> None:
    who, subject = api.user("quiet"), add_subject(api)
    (enrollment_id,) = add_requests(api, subject.id, [api.user_id(who)])
    other = api.user("quieter")
    assert api.database_url
    with psycopg.connect(api.database_url, autocommit=True) as listener:
        listener.execute(f"listen {CHANNEL}".encode())
        body = {"subjectId": subject.id}
        assert api.post("/api/enrollment/request", as_=other, json=body).status_code == 201
        path = f"/api/admin/enrollment/{enrollment_id}"
        assert api.put(f"{path}/approve", as_="admin").is_success
        assert api.post(f"{path}/reopen", as_="admin").is_success
        (first, *_) = inbox(api, "admin")
        assert api.put(f"/api/notifications/{first['id']}/read", as_="admin").is_success
        assert api.post("/api/notifications/read-all", as_="admin").is_success
        assert list(listener.notifies(timeout=0.2)) == []


def test_no_endpoint_of_notifications_says_that_it_changes_public_responses() -> None:
    found = [each for each in endpoints() if each.path.startswith("/api/notifications")]
    assert len(found) == 4
    assert not any(each.changes_public for each in found)
