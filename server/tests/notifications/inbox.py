"""What users are notified of, read through the API."""

from __future__ import annotations

import time
from typing import Any

from tests.enrollment.school import rows
from tests.factories import create_enrollment, create_topic
from tests.parts.server import Server

WAIT_SECONDS = 30
DECISION_SECONDS = 35


def inbox(api: Server, who: str, **query: str) -> list[dict[str, Any]]:
    """The notifications of a sign-in or a Clerk id, newest first."""
    response = api.get("/api/notifications", as_=who, params={"limit": "100", **query})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


def unread(api: Server, who: str) -> int:
    response = api.get("/api/notifications/unread-count", as_=who)
    assert response.status_code == 200
    return int(response.json()["data"]["count"])


def await_inbox(api: Server, who: str, number: int, type: str) -> list[dict[str, Any]]:
    """The notifications of a type, as soon as there are so many."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        found = [each for each in inbox(api, who) if each["type"] == type]
        if len(found) >= number:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def await_announced(api: Server, subject_id: str) -> None:
    """Return when the learners of a subject were notified of all its topics."""
    sql = """
    select count(*) from topic_publications where subject_id = %s and announced_at is null
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while rows(api, sql, subject_id) != [(0,)]:
        assert time.monotonic() < deadline, "the job does not end"
        time.sleep(0.05)


def pass_undo_window(api: Server, user_id: str) -> None:
    """Move the decisions about a user, and their notifications, to before the undo window."""
    api.execute(
        "update notifications set created_at = created_at - make_interval(secs => %s) "
        "where user_id = %s",
        DECISION_SECONDS,
        user_id,
    )


def enrolled(api: Server, subject_id: str, user_id: str) -> str:
    """Enroll a user; return the id of the approved enrollment."""
    with api.db() as db:
        return create_enrollment(db, user_id=user_id, subject_id=subject_id, status="APPROVED")


def hidden_topic(api: Server, subject_id: str) -> str:
    with api.db() as db:
        return create_topic(db, subject_id=subject_id, active=False).id
