"""An upload is committed with the authority that its user has then, not at its start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.library.school import Topic, refused, rows
from tests.library.usage import set_used, used
from tests.parts.server import Server
from tests.uploads.in_flight import SENDERS, nothing_came_of_it, send_document

Change = Callable[[Server, Topic, str], None]

DELETED = "update users set deleted_at = now(), status = 'INACTIVE' where id = %s"
EXPIRED = "update user_roles set effective_end = now() where user_id = %s and role = 'MENTOR'"


def delete_account(api: Server, topic: Topic, mentor: str) -> None:
    api.execute(DELETED, mentor)


def set_status(status: str) -> Change:
    def change(api: Server, topic: Topic, mentor: str) -> None:
        answer = api.put(f"/api/users/{mentor}", as_="admin", json={"status": status})
        assert answer.status_code == 200, answer.text

    return change


def remove_role(api: Server, topic: Topic, mentor: str) -> None:
    body = {"role": "MENTOR"}
    answer = api.request("DELETE", f"/api/users/{mentor}/roles", as_="admin", json=body)
    assert answer.status_code == 200, answer.text


def expire_role(api: Server, topic: Topic, mentor: str) -> None:
    api.execute(EXPIRED, mentor)


def reassign_subject(api: Server, topic: Topic, mentor: str) -> None:
    other = {"mentorId": api.user_id("mentor")}
    path = f"/api/admin/education/subjects/{topic.subject_id}"
    answer = api.put(path, as_="admin", json=other)
    assert answer.status_code == 200, answer.text


def delete_topic(api: Server, topic: Topic, mentor: str) -> None:
    path = f"/api/admin/education/topics/{topic.id}"
    assert api.delete(path, as_="admin").status_code == 200


def delete_subject(api: Server, topic: Topic, mentor: str) -> None:
    path = f"/api/admin/education/subjects/{topic.subject_id}"
    assert api.delete(path, as_="admin").status_code == 200


def shrink_plan(api: Server, topic: Topic, mentor: str) -> None:
    answer = api.put(f"/api/users/{mentor}", as_="admin", json={"plan": "FREE"})
    assert answer.status_code == 200, answer.text


CHANGES: dict[str, tuple[Change, int, str]] = {
    "the account deleted": (delete_account, 401, "invalid"),
    "the account inactive": (set_status("INACTIVE"), 403, "account_inactive"),
    "the account suspended": (set_status("SUSPENDED"), 403, "account_inactive"),
    "the role removed": (remove_role, 403, ""),
    "the role expired": (expire_role, 403, ""),
    "the subject reassigned": (reassign_subject, 403, "not_owner"),
    "the topic deleted": (delete_topic, 404, "topic"),
    "the subject deleted": (delete_subject, 404, "topic"),
    "the plan used up": (shrink_plan, 429, "file_uploads"),
}
CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 429: "QUOTA_EXCEEDED"}


@pytest.mark.parametrize("kind", SENDERS)
@pytest.mark.parametrize("name", CHANGES)
def test_changed_while_the_upload_was_under_way(
    api: Server, topic: Topic, mentor: str, kind: str, name: str
) -> None:
    change, status, what = CHANGES[name]
    user_id = api.user_id(mentor)
    api.execute("update users set plan = 'PRO' where id = %s", user_id)
    set_used(api, mentor, 50)
    answer = SENDERS[kind](api, topic, mentor, lambda: change(api, topic, user_id))
    details = refused(answer, status, CODES[status])
    assert what in (details.get("reason", ""), details.get("resource"), details.get("quota"))
    nothing_came_of_it(api, topic)


@pytest.mark.parametrize("kind", SENDERS)
def test_a_session_that_ended(api: Server, topic: Topic, mentor: str, kind: str) -> None:
    session = f"sess_{topic.id}"
    api._tokens[mentor] = api.token(mentor, sid=session)
    sql = "insert into ended_sessions (session_id) values (%s)"
    answer = SENDERS[kind](api, topic, mentor, lambda: api.execute(sql, session))
    assert refused(answer, 401, "UNAUTHORIZED")["reason"] == "invalid"
    nothing_came_of_it(api, topic)


@pytest.mark.parametrize("kind", SENDERS)
def test_what_does_not_concern_it_is_no_obstacle(
    api: Server, topic: Topic, mentor: str, kind: str
) -> None:
    """Another role lost, a larger plan, a subject renamed: the upload is stored."""
    user_id = api.user_id(mentor)

    def change() -> None:
        body = {"role": "LEARNER"}
        api.request("DELETE", f"/api/users/{user_id}/roles", as_="admin", json=body)
        set_used(api, mentor, 10)
        api.put(f"/api/users/{user_id}", as_="admin", json={"plan": "PRO"})
        path = f"/api/admin/education/subjects/{topic.subject_id}"
        api.put(path, as_="admin", json={"description": "Renamed"})

    answer = SENDERS[kind](api, topic, mentor, change)
    assert answer.status_code in (200, 201, 204), answer.text
    assert answer.headers["x-upload-quota-remaining"] == "89"
    assert used(api, mentor) == 11


def test_a_key_can_be_used_again_when_the_authority_is_back(
    api: Server, topic: Topic, mentor: str
) -> None:
    user_id = api.user_id(mentor)
    suspend = set_status("SUSPENDED")
    answer = send_document(
        api, topic, mentor, lambda: suspend(api, topic, user_id), key=f"key-{topic.id}"
    )
    refused(answer, 403, "FORBIDDEN")
    nothing_came_of_it(api, topic)
    set_status("ACTIVE")(api, topic, user_id)
    again = send_document(api, topic, mentor, lambda: None, key=f"key-{topic.id}")
    assert again.status_code == 201, again.text
    assert "idempotent-replayed" not in again.headers


@pytest.mark.parametrize("kind", ["resumable document", "resumable video"])
def test_what_a_former_mentor_sends_is_not_kept(
    api: Server, topic: Topic, mentor: str, kind: str
) -> None:
    """Bytes stop to count while they still arrive, not only when the file is complete."""
    answer = SENDERS[kind](api, topic, mentor, lambda: reassign_subject(api, topic, ""))
    assert refused(answer, 403, "FORBIDDEN")["reason"] == "not_owner"
    sql = "select received from resumable_uploads where topic_id = %s"
    assert rows(api, sql, topic.id) == [(0,)]
