"""The story of a learner over HTTP: watch on two devices, complete, note, reply, export, delete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.education.school import add_chain, add_mentor, fresh
from tests.learning.school import add_learner, events, put, updated
from tests.library.school import Topic, eventually, put_video, rows, upload, uploaded
from tests.parts.server import Server


def moment(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def watch(api: Server, who: str, topic_id: str, document_id: str) -> dict[str, Any]:
    """Watch the first part online, and send the second, older one from a device without network."""
    first = {"durationSeconds": 100, "watched": [[50, 95]], "positionSeconds": 95}
    updated(put(api, who, topic_id, **first, recordedAt=moment(1)))
    offline = {"watched": [[0, 50]], "positionSeconds": 50, "documentsOpened": [document_id]}
    items = [{"topicId": topic_id, **offline, "recordedAt": moment(60)}]
    (result,) = updated(api.post("/api/progress/batch", as_=who, json={"items": items}))
    progress: dict[str, Any] = result["progress"]
    return progress


def test_a_learner_completes_a_topic_and_gets_a_reply(api: Server) -> None:
    chain = add_chain(api, mentor_id=api.user_id("mentor"))
    topic = Topic(chain.topic, chain.subject)
    uploaded(put_video(api, topic))
    document_id = uploaded(upload(api, topic))["id"]
    learner = add_learner(api)
    who = learner.clerk_id
    asked = api.post("/api/enrollment/request", as_=who, json={"subjectId": chain.subject})
    enrollment_id = asked.json()["data"]["id"]
    api.put(f"/api/admin/enrollment/{enrollment_id}/approve", as_="admin")

    progress = watch(api, who, topic.id, document_id)
    assert (progress["status"], progress["positionSeconds"]) == ("COMPLETED", 95)
    assert len(events(api, topic.id)) == 1
    (row,) = api.get("/api/progress/me", as_=who).json()["data"]
    assert (row["percent"], row["nextTopicId"]) == (100, None)
    path = f"/api/mentor/subjects/{chain.subject}/learners"
    (seen,) = api.get(path, as_="mentor").json()["data"]
    assert (seen["userId"], seen["percent"]) == (learner.id, 100)

    note = {"content": "What is 1 + 1?", "sharedWithMentor": True}
    made = api.put(f"/api/notes/topics/{topic.id}", as_=who, json=note).json()["data"]
    reply = {"content": "It is 2."}
    api.put(f"/api/mentor/notes/{made['id']}/reply", as_="mentor", json=reply)
    sql = "select type from notifications where user_id = %s and data ->> 'noteId' = %s"
    assert rows(api, sql, learner.id, made["id"]) == [("note.replied",)]
    assert rows(api, sql, api.user_id("mentor"), made["id"]) == [("note.shared",)]
    data = api.get("/api/auth/export", as_=who).json()["data"]
    assert data["notes"][0]["reply"]["content"] == "It is 2."
    assert data["progress"][0]["watched"] == [[0, 95]]

    api.execute("update users set deleted_at = now() where id = %s", learner.id)
    for table in ("topic_progress", "notes", "activity_days", "notifications"):
        assert rows(api, f"select 1 from {table} where user_id = %s", learner.id) == []


def test_an_opened_stream_counts_as_activity(api: Server) -> None:
    chain = add_chain(api)
    topic = Topic(chain.topic, chain.subject)
    uploaded(put_video(api, topic))
    learner = add_learner(api, chain.subject)
    assert api.get(topic.video, as_=learner.clerk_id).status_code == 200
    mentor, mentor_id = add_mentor(api, fresh("mentor").replace(" ", ""))
    api.execute("update subjects set mentor_id = %s where id = %s", mentor_id, chain.subject)
    assert api.get(topic.video, as_=mentor).status_code == 200
    eventually(lambda: rows(api, "select 1 from activity_days where user_id = %s", learner.id))
    sql = "select 1 from activity_days where user_id = %s"
    assert rows(api, sql, mentor_id) == []
