"""The export of a user's personal data covers every table that refers to users."""

from __future__ import annotations

from typing import Any

from tests.education.school import fresh
from tests.learning.school import add_document, add_learner, add_subject, put
from tests.library.school import Topic, rows
from tests.parts.server import Server
from tests.uploads import tus

EXPORT = "/api/auth/export"
# The part of the export that shows the rows of a table, or why there is none.
PARTS = {
    "users": "user",
    "user_roles": "user",
    "enrollments": "enrollments",
    "mentor_applications": "mentorApplications",
    "subjects": "taughtSubjects",
    "documents": "documents",
    "resumable_uploads": "uploads",
    "topic_progress": "progress",
    "notes": "notes",
    "activity_days": "activeDays",
    "usage_counters": "usage",
    "audit_log": "auditEntries",
    "notifications": "notifications",
}
LEFT_OUT = {
    "idempotency_keys": "copies of responses, kept for a day",
    "education_levels": "who deleted a node is in the audit entries",
    "grades": "who deleted a node is in the audit entries",
    "topics": "who deleted a node is in the audit entries",
    "usage_days": "the days of what `usage` counts per month",
    "usage_callers": "the callers of what `usage` counts per month",
    "web_sessions": "the account page shows the sessions, and each ends within 30 days",
    "webhook_endpoints": "the school's integrations, of a plan subject",
    "webhook_deliveries": "the school's integrations, of a plan subject",
}
# References to users: foreign keys, and columns that hold the id without one.
REFERENCES = """
select distinct c.relname from pg_constraint r join pg_class c on c.oid = r.conrelid
where r.contype = 'f' and r.confrelid = 'users'::regclass
union
select table_name from information_schema.columns
where table_schema = 'public' and (column_name like '%%user_id' or column_name like '%%\\_by'
    or column_name in ('caller', 'subject') or column_name like '%%mentor_id')
"""


def test_every_table_that_refers_to_users_is_covered(api: Server) -> None:
    found = {name for (name,) in rows(api, REFERENCES)}
    assert found | {"users"} == PARTS.keys() | LEFT_OUT.keys()


def exported(api: Server, who: str) -> dict[str, Any]:
    response = api.get(EXPORT, as_=who)
    assert response.status_code == 200
    assert "content-length" not in response.headers
    assert response.headers["cache-control"] == "no-store"
    data: dict[str, Any] = response.json()["data"]
    return data


def test_the_export_shows_what_is_stored_about_the_caller(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    learner = add_learner(api, subject_id)
    who = learner.clerk_id
    document_id = add_document(api, topic_id)
    api.execute("update documents set uploaded_by = %s where id = %s", learner.id, document_id)
    other, _ = add_subject(api)
    api.execute("update subjects set mentor_id = %s where id = %s", learner.id, other)
    put(api, who, topic_id, watched=[[0, 5.5], [7, 8]], documentsOpened=[document_id])
    api.put(f"/api/notes/topics/{topic_id}", as_=who, json={"content": "Mine"})
    application = {"motivation": fresh("I teach")}
    assert api.post("/api/mentor/apply", as_=who, json=application).status_code == 201
    tus.begun(tus.create(api, 9, tus.plan(Topic(topic_id, subject_id), filename="a.txt")))
    api.execute(
        "update resumable_uploads set user_id = %s where topic_id = %s", learner.id, topic_id
    )
    data = exported(api, who)
    assert list(data) == [
        "user",
        "enrollments",
        "mentorApplications",
        "taughtSubjects",
        "documents",
        "uploads",
        "progress",
        "notes",
        "noteReplies",
        "notifications",
        "activeDays",
        "usage",
        "auditEntries",
    ]
    assert data["user"]["id"] == learner.id
    assert [role["role"] for role in data["user"]["userRoles"]] == ["LEARNER"]
    assert [each["subjectId"] for each in data["enrollments"]] == [subject_id]
    assert data["mentorApplications"][0]["motivation"] == application["motivation"]
    assert [each["id"] for each in data["taughtSubjects"]] == [other]
    assert [each["id"] for each in data["documents"]] == [document_id]
    assert data["uploads"][0]["fileName"] == "a.txt"
    (progress,) = data["progress"]
    assert (progress["topicId"], progress["watched"]) == (topic_id, [[0, 5.5], [7, 8]])
    assert [each["content"] for each in data["notes"]] == ["Mine"]
    assert len(data["activeDays"]) == 1
    assert "mentor_application.requested" in {each["action"] for each in data["auditEntries"]}


def test_a_mentor_s_replies_are_exported_and_nothing_of_others(api: Server) -> None:
    subject_id, (topic_id,) = add_subject(api)
    who = add_learner(api, subject_id).clerk_id
    body = {"content": "Shared", "sharedWithMentor": True}
    note = api.put(f"/api/notes/topics/{topic_id}", as_=who, json=body).json()["data"]
    api.put(f"/api/mentor/notes/{note['id']}/reply", as_="mentor", json={"content": "Good"})
    data = exported(api, "mentor")
    shown = [each for each in data["noteReplies"] if each["noteId"] == note["id"]]
    assert [each["content"] for each in shown] == ["Good"]
    assert "Shared" not in str(data)


def test_a_long_audit_log_is_exported_whole(api: Server) -> None:
    learner = add_learner(api)
    sql = """
    insert into audit_log (actor_user_id, action, resource)
    select %s, 'x', 'y' from generate_series(1, 2500)
    """
    api.execute(sql, learner.id)
    entries = exported(api, learner.clerk_id)["auditEntries"]
    assert len([each for each in entries if each["action"] == "x"]) == 2_500
    assert len({each["id"] for each in entries}) == len(entries)
