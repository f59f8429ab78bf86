"""Who reads what a topic teaches, and who may change it."""

from __future__ import annotations

from typing import Any

import pytest

from akako.kernel.core.ids import new_id
from tests.education.school import (
    ADMIN,
    PUBLIC,
    add,
    add_chain,
    add_mentor,
    change,
    enroll,
    fresh,
    ids,
    missing,
    refusal,
)
from tests.parts.server import Server

MATERIAL = {"content", "videoUrl", "documents"}
NOT_OWNER = {"required": ["ADMIN", "MENTOR"], "user_roles": ["MENTOR"], "reason": "not_owner"}


def seen(api: Server, topic: str, subject: str, as_: str | None) -> set[str]:
    """Return which material the caller gets. The list shows the same, except the content."""
    one = api.get(f"{PUBLIC}/topics/{topic}", as_=as_).json()["data"]
    (listed,) = api.get(f"{PUBLIC}/subjects/{subject}/topics", as_=as_).json()["data"]
    assert listed == {name: value for name, value in one.items() if name != "content"}
    return MATERIAL.intersection(one)


def newcomer(api: Server) -> tuple[str, str]:
    """A fresh learner: (Clerk id, our id)."""
    clerk_id = api.user(fresh("newcomer").replace(" ", ""))
    return clerk_id, api.user_id(clerk_id)


def test_staff_and_approved_learners_get_the_material(api: Server) -> None:
    chain = add_chain(api, mentor_id=api.user_id("mentor"), content="text")
    other_mentor, _ = add_mentor(api, fresh("colleague").replace(" ", ""))
    for as_, expected in [
        (None, set()),
        ("learner", set()),
        (other_mentor, set()),
        ("mentor", MATERIAL),
        ("admin", MATERIAL),
    ]:
        assert seen(api, chain.topic, chain.subject, as_) == expected, as_


@pytest.mark.parametrize(
    ("status", "expected"),
    [("PENDING", set()), ("APPROVED", MATERIAL), ("REJECTED", set()), ("CANCELLED", set())],
)
def test_only_an_approved_enrollment_opens_it(api: Server, status: str, expected: set[str]) -> None:
    clerk_id, user_id = newcomer(api)
    chain, elsewhere = add_chain(api), add_chain(api)
    enroll(api, chain.subject, user_id, status)
    assert seen(api, chain.topic, chain.subject, clerk_id) == expected
    assert seen(api, elsewhere.topic, elsewhere.subject, clerk_id) == set()


def test_an_enrolled_user_who_is_no_learner_any_more_gets_nothing(api: Server) -> None:
    clerk_id, user_id = newcomer(api)
    chain = add_chain(api)
    enroll(api, chain.subject, user_id)
    assert seen(api, chain.topic, chain.subject, clerk_id) == MATERIAL
    assert api.delete(f"/api/users/{user_id}/roles?role=LEARNER", as_="admin").status_code == 200
    assert seen(api, chain.topic, chain.subject, clerk_id) == set()


def test_a_mentor_who_is_enrolled_elsewhere_reads_there_too(api: Server) -> None:
    clerk_id, user_id = add_mentor(api, fresh("student").replace(" ", ""))
    grant = {"role": "LEARNER"}
    assert api.post(f"/api/users/{user_id}/roles", as_="admin", json=grant).status_code == 201
    own, joined, foreign = add_chain(api, mentor_id=user_id), add_chain(api), add_chain(api)
    enroll(api, joined.subject, user_id)
    assert seen(api, own.topic, own.subject, clerk_id) == MATERIAL
    assert seen(api, joined.topic, joined.subject, clerk_id) == MATERIAL
    assert seen(api, foreign.topic, foreign.subject, clerk_id) == set()


def test_documents_and_video_are_described(api: Server) -> None:
    chain = add_chain(api, content="text")
    first, second = (add_document(api, chain.topic, name, at) for name, at in (("a", 1), ("b", 2)))
    add_document(api, chain.topic, "gone", 3, status="DELETED")
    add_document(api, chain.topic, "suspect", 4, status="QUARANTINED")
    api.execute(
        "update topics set video_key = 'key', document_count = 2 where id = %s",
        chain.topic,
    )
    topic = api.get(f"{PUBLIC}/topics/{chain.topic}", as_="admin").json()["data"]
    assert topic["videoUrl"] == f"/api/education/topics/{chain.topic}/video"
    assert (topic["hasVideo"], topic["documentCount"]) == (True, 2)
    assert [each["id"] for each in topic["documents"]] == [first, second]
    assert topic["documents"][0] == {
        "id": first,
        "topicId": chain.topic,
        "name": "a",
        "description": None,
        "fileName": "a.pdf",
        "mimeType": "application/pdf",
        "size": 10_000_000_000,
        "sha256": "00",
        "uploadedBy": api.user_id("admin"),
        "createdAt": "2026-01-01T00:00:01Z",
        "url": f"/api/s3/document/stream?documentId={first}",
    }
    anonymous = api.get(f"{PUBLIC}/topics/{chain.topic}")
    assert (anonymous.json()["data"]["hasVideo"], "pdf" in anonymous.text) == (True, False)


def add_document(api: Server, topic: str, name: str, second: int, status: str = "ACTIVE") -> str:
    document = new_id()
    api.execute(
        """
        insert into documents (id, topic_id, name, file_name, mime_type, size, sha256, storage_key,
            status, uploaded_by, created_at)
        values (%s, %s, %s, %s, 'application/pdf', 10000000000, '00', %s, %s, %s, %s)
        """,
        *(document, topic, name, f"{name}.pdf", document, status, api.user_id("admin")),
        f"2026-01-01T00:00:0{second}Z",
    )
    return document


def test_a_mentor_writes_the_topics_of_own_subjects(api: Server) -> None:
    chain = add_chain(api, mentor_id=api.user_id("mentor"))
    body = {"name": "Division", "subjectId": chain.subject, "content": "6 / 3"}
    created = api.post(f"{ADMIN}/topics", as_="mentor", json=body)
    assert created.status_code == 201
    path = f"{ADMIN}/topics/{created.json()['data']['id']}"
    changed = api.put(path, as_="mentor", json={"content": "6 / 2", "isActive": False})
    assert (changed.status_code, changed.json()["data"]["content"]) == (200, "6 / 2")
    assert api.delete(path, as_="mentor").json()["data"]["deleted"] is True


def test_a_mentor_does_not_write_in_other_subjects(api: Server) -> None:
    clerk_id, _ = add_mentor(api, fresh("stranger").replace(" ", ""))
    chain = add_chain(api, mentor_id=api.user_id("mentor"))
    body = {"name": "Division", "subjectId": chain.subject}
    for response in (
        api.post(f"{ADMIN}/topics", as_=clerk_id, json=body),
        api.put(f"{ADMIN}/topics/{chain.topic}", as_=clerk_id, json={"content": "x"}),
        api.delete(f"{ADMIN}/topics/{chain.topic}", as_=clerk_id),
        api.put(f"{ADMIN}/subjects/{chain.subject}", as_=clerk_id, json={"description": "x"}),
    ):
        assert refusal(response) == (403, "FORBIDDEN", NOT_OWNER)
    unknown = new_id()
    answer = api.put(f"{ADMIN}/topics/{unknown}", as_=clerk_id, json={"content": "x"})
    assert refusal(answer) == missing("topic", unknown)


def test_a_topic_cannot_be_moved(api: Server) -> None:
    mentor_id = api.user_id("mentor")
    chain, other = add_chain(api, mentor_id=mentor_id), add_chain(api, mentor_id=mentor_id)
    body = {"subjectId": other.subject, "content": "x"}
    answer = api.put(f"{ADMIN}/topics/{chain.topic}", as_="mentor", json=body)
    details = {"field": "subjectId", "message": "Read-only field", "value": other.subject}
    assert refusal(answer) == (422, "VALIDATION_ERROR", details)
    assert ids(api.get(chain.lists()[2])) == [chain.topic]


OTHER_FIELDS: list[dict[str, Any]] = [
    {"name": "Renamed"},
    {"isActive": False},
    {"mentorId": None},
    {"description": "fine", "mentorId": new_id()},
]


def test_a_mentor_describes_own_subjects(api: Server) -> None:
    chain = add_chain(api, mentor_id=api.user_id("mentor"))
    path = f"{ADMIN}/subjects/{chain.subject}"
    body = {"description": "Numbers", "imageUrl": "https://example.com/n.png"}
    changed = api.put(path, as_="mentor", json=body).json()["data"]
    assert body.items() <= changed.items()
    whole = api.put(path, as_="mentor", json={**changed, "description": "All of it"})
    assert (whole.status_code, whole.json()["data"]["description"]) == (200, "All of it")
    for fields in OTHER_FIELDS:
        status, _, details = refusal(api.put(path, as_="mentor", json=fields))
        assert (status, details["required"]) == (403, ["ADMIN"])
    (kept,) = api.get(chain.lists()[1], as_="mentor").json()["data"]
    assert kept == whole.json()["data"]


def test_a_subject_is_given_and_taken_by_an_administrator(api: Server) -> None:
    clerk_id, user_id = add_mentor(api, fresh("teacher").replace(" ", ""))
    chain = add_chain(api, mentor_id=user_id)
    draft = {"content": "draft"}
    path = f"{ADMIN}/topics/{chain.topic}"
    assert api.put(path, as_=clerk_id, json=draft).status_code == 200
    assert change(api, "subjects", chain.subject, mentorId=None)["mentor"] is None
    assert api.put(path, as_=clerk_id, json=draft).status_code == 403
    assert change(api, "subjects", chain.subject, mentorId=user_id)["mentorId"] == user_id
    assert api.put(path, as_=clerk_id, json=draft).status_code == 200


@pytest.mark.parametrize("who", ["learner", "expired", "suspended", "deleted", "unknown"])
def test_only_an_active_mentor_can_be_given_a_subject(api: Server, who: str) -> None:
    user_id = new_id() if who == "unknown" else unfit(api, who)
    grade = add(api, "grades", add(api, "levels")["id"])["id"]
    body = {"name": "Music", "gradeId": grade, "mentorId": user_id}
    created = api.post(f"{ADMIN}/subjects", as_="admin", json=body)
    subject = add(api, "subjects", grade)["id"]
    changed = api.put(f"{ADMIN}/subjects/{subject}", as_="admin", json={"mentorId": user_id})
    for response in (created, changed):
        details = {"field": "mentorId", "message": "Must be an active mentor", "value": user_id}
        assert refusal(response) == (422, "VALIDATION_ERROR", details)


def unfit(api: Server, who: str) -> str:
    """A user who is not a mentor."""
    if who == "learner":
        return newcomer(api)[1]
    _, user_id = add_mentor(api, fresh(who).replace(" ", ""))
    sql = {
        "expired": "update user_roles set effective_end = now() where user_id = %s",
        "suspended": "update users set status = 'SUSPENDED' where id = %s",
        "deleted": "update users set deleted_at = now() where id = %s",
    }
    api.execute(sql[who], user_id)
    return user_id


def test_a_mentor_who_lost_the_role_can_stay_named(api: Server) -> None:
    _, user_id = add_mentor(api, fresh("retired").replace(" ", ""))
    chain = add_chain(api, mentor_id=user_id)
    assert api.delete(f"/api/users/{user_id}/roles?role=MENTOR", as_="admin").status_code == 200
    kept = change(api, "subjects", chain.subject, mentorId=user_id, description="As it was")
    assert (kept["mentorId"], kept["description"]) == (user_id, "As it was")
