"""One attempt of each write about learning, notifications, integrations and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from akako.kernel.core.ids import new_id
from tests.factories import create_topic
from tests.faults.attempts import Attempt, Send
from tests.learning.school import Learner, add_learner, add_subject
from tests.library.school import count
from tests.parts.server import Server
from tests.web.visitor import signed_in

EDUCATION = "/api/admin/education"
ENDPOINTS = "/api/integrations/webhooks"


def learning_attempts(api: Server) -> list[Attempt]:
    """Fresh ones of every kind, with all that they need."""
    subject_id, topics = add_subject(api, topics=3)
    learner = _enrolled(api, subject_id)
    return [
        progress(api, learner, topics[0]),
        offline_progress(api, learner, topics[1]),
        note(api, learner, topics[0]),
        reply(api, learner, topics[1]),
        read_notification(api),
        order(api, subject_id, topics),
        restore(api, subject_id),
        webhook_endpoint(api),
        delivery(api),
        sign_in(api),
        mark_page(api, learner, topics[2]),
        note_page(api, learner, topics[2]),
    ]


def _enrolled(api: Server, subject_id: str) -> Learner:
    """A learner who was enrolled through the API, as the invariants require."""
    learner = add_learner(api)
    body = {"subjectId": subject_id}
    asked = api.post("/api/enrollment/request", as_=learner.clerk_id, json=body)
    path = f"/api/admin/enrollment/{asked.json()['data']['id']}/approve"
    assert api.put(path, as_="admin").status_code == 200
    return learner


def _sent(api: Server, method: str, path: str, who: str, body: Any = None) -> Send:
    """The same request each time. The key lets a repetition of a POST have one effect."""
    headers = api.headers(who) | ({"Idempotency-Key": new_id()} if method == "POST" else {})
    return lambda client: client.request(method, path, json=body, headers=headers)


def _counted(api: Server, sql: str, *values: str) -> Callable[[], bool]:
    return lambda: count(api, f"select count(*) from {sql}", *values) == 1


def progress(api: Server, learner: Learner, topic: str) -> Attempt:
    body = {"positionSeconds": 30, "watched": [[0, 30]]}
    path = f"/api/progress/topics/{topic}"
    done = _counted(
        api,
        "topic_progress where user_id = %s and topic_id = %s and position_tenths = 300 "
        "and watched @> '[0,300)'::int4range",
        learner.id,
        topic,
    )
    return Attempt("write progress", _sent(api, "PUT", path, learner.clerk_id, body), done)


def offline_progress(api: Server, learner: Learner, topic: str) -> Attempt:
    body = {"items": [{"topicId": topic, "markedDone": True}]}
    done = _counted(
        api,
        "topic_progress p where user_id = %s and topic_id = %s and completed_at is not null "
        "and exists (select from outbox where type = 'topic.completed' "
        "and data ->> 'topicId' = p.topic_id and data ->> 'userId' = p.user_id)",
        learner.id,
        topic,
    )
    send = _sent(api, "POST", "/api/progress/batch", learner.clerk_id, body)
    return Attempt("write progress of offline devices", send, done)


def note(api: Server, learner: Learner, topic: str) -> Attempt:
    content = new_id()
    body = {"content": content, "sharedWithMentor": True}
    done = _counted(
        api,
        "notes n where content = %s and shared_with_mentor and exists (select from notifications "
        "where type = 'note.shared' and data ->> 'noteId' = n.id)",
        content,
    )
    path = f"/api/notes/topics/{topic}"
    return Attempt("write a note", _sent(api, "PUT", path, learner.clerk_id, body), done)


def _shared_note(api: Server, learner: Learner, topic: str) -> str:
    body = {"content": "Why?", "sharedWithMentor": True}
    made = api.put(f"/api/notes/topics/{topic}", as_=learner.clerk_id, json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["data"]["id"])


def reply(api: Server, learner: Learner, topic: str) -> Attempt:
    note_id = _shared_note(api, learner, topic)
    done = _counted(
        api,
        "notes n where id = %s and reply_content = 'Because.' and exists (select from "
        "notifications where type = 'note.replied' and data ->> 'noteId' = n.id)",
        note_id,
    )
    path = f"/api/mentor/notes/{note_id}/reply"
    send = _sent(api, "PUT", path, "mentor", {"content": "Because."})
    return Attempt("reply to a note", send, done)


def read_notification(api: Server) -> Attempt:
    clerk_id = api.user(f"notified{new_id()}")
    notification_id = new_id()
    api.execute(
        "insert into notifications (id, user_id, type) values (%s, %s, 'note.replied')",
        notification_id,
        api.user_id(clerk_id),
    )
    path = f"/api/notifications/{notification_id}/read"
    done = _counted(api, "notifications where id = %s and read_at is not null", notification_id)
    return Attempt("read a notification", _sent(api, "PUT", path, clerk_id, {}), done)


def order(api: Server, subject_id: str, topics: list[str]) -> Attempt:
    path = f"{EDUCATION}/subjects/{subject_id}/topic-order"
    body = {"topicIds": topics[::-1]}
    done = _counted(api, "topics where id = %s and position = 0", topics[-1])
    return Attempt("order topics", _sent(api, "PUT", path, "admin", body), done)


def restore(api: Server, subject_id: str) -> Attempt:
    with api.db() as db:
        topic = create_topic(db, subject_id=subject_id, active=False).id
    assert api.delete(f"{EDUCATION}/topics/{topic}", as_="admin").status_code == 200
    done = _counted(api, "topics where id = %s and deleted_at is null", topic)
    path = f"{EDUCATION}/topics/{topic}/restore"
    # Ordering needs the topics as they were, so this topic has a subject of its own afterwards.
    other, _ = add_subject(api)
    api.execute("update topics set subject_id = %s where id = %s", other, topic)
    return Attempt("restore a topic", _sent(api, "POST", path, "admin"), done)


def _endpoint(name: str) -> dict[str, Any]:
    return {"url": "https://hooks.example", "events": ["ping"], "description": name}


def webhook_endpoint(api: Server) -> Attempt:
    name = new_id()
    done = _counted(
        api,
        "webhook_endpoints e join webhook_secrets s on s.endpoint_id = e.id where description = %s",
        name,
    )
    send = _sent(api, "POST", ENDPOINTS, "admin", _endpoint(name))
    return Attempt("register a webhook endpoint", send, done)


def delivery(api: Server) -> Attempt:
    given = _endpoint("pinged") | {"isActive": False}
    made = api.post(ENDPOINTS, as_="admin", json=given)
    assert made.status_code == 201, made.text
    endpoint = made.json()["data"]["id"]
    done = _counted(api, "webhook_deliveries where endpoint_id = %s", endpoint)
    send = _sent(api, "POST", f"{ENDPOINTS}/{endpoint}/ping", "admin")
    return Attempt("send a test event", send, done)


def sign_in(api: Server) -> Attempt:
    clerk_id = api.user(f"visitor{new_id()}")
    user_id = api.user_id(clerk_id)

    def done() -> bool:
        return count(api, "select count(*) from web_sessions where user_id = %s", user_id) >= 1

    return Attempt("sign in", _form(api, "/sign-in", {"person": clerk_id}), done)


def _form(api: Server, path: str, fields: dict[str, str], cookie: str = "") -> Send:
    headers = {"Origin": api.url, "Accept": "text/html"} | ({"Cookie": cookie} if cookie else {})
    return lambda client: client.post(path, data=fields, headers=headers)


def _page(api: Server, learner: Learner, path: str, fields: dict[str, str]) -> Send:
    visitor = signed_in(api, learner.clerk_id)
    cookie = f"akako={visitor.cookie}"
    return _form(api, path, fields | {"form_token": visitor.token()}, cookie)


def mark_page(api: Server, learner: Learner, topic: str) -> Attempt:
    send = _page(api, learner, f"/topics/{topic}/done", {"done": "1"})
    done = _counted(
        api,
        "topic_progress where user_id = %s and topic_id = %s and marked_done",
        learner.id,
        topic,
    )
    return Attempt("mark a topic on its page", send, done)


def note_page(api: Server, learner: Learner, topic: str) -> Attempt:
    fields = {"content": new_id(), "shared": "1", "etag": ""}
    done = _counted(api, "notes where content = %s and shared_with_mentor", fields["content"])
    send = _page(api, learner, f"/topics/{topic}/note", fields)
    return Attempt("write a note on the page of a topic", send, done)
