"""Who may upload, read and delete; asked anew on every request."""

from __future__ import annotations

import pytest

from akako.kernel.core.ids import new_id
from tests.library.school import (
    STREAM,
    Topic,
    add_topic,
    enroll,
    put_video,
    refused,
    upload,
    uploaded,
)
from tests.parts.server import Server

STAFF = ["ADMIN", "MENTOR"]
ANY_ROLE = ["ADMIN", "MENTOR", "LEARNER"]


@pytest.fixture(scope="module")
def other_mentor(api: Server) -> str:
    """A mentor who teaches nothing here, and who is no learner."""
    who = api.user("othermentor")
    user_id = api.user_id(who)
    with api.db() as db:
        db.execute("delete from user_roles where user_id = %s", (user_id,))
        add_role(api, user_id, "MENTOR")
    return who


def add_role(api: Server, user_id: str, role: str) -> None:
    with api.db() as db:
        db.execute(
            "insert into user_roles (id, user_id, role, effective_start) "
            "values (%s, %s, %s, now() - interval '1 hour')",
            (new_id(), user_id, role),
        )


@pytest.fixture
def topic(api: Server) -> Topic:
    """A topic of the mentor with a document and a video."""
    topic = add_topic(api)
    uploaded(upload(api, topic))
    uploaded(put_video(api, topic))
    return topic


def reads(api: Server, topic: Topic) -> list[str]:
    document = api.get(topic.documents, as_="admin").json()["data"][0]
    return [document["url"], topic.video, topic.documents]


def assert_readable(api: Server, topic: Topic, who: str) -> None:
    assert [api.get(path, as_=who).status_code for path in reads(api, topic)] == [200] * 3


def assert_refused(api: Server, topic: Topic, who: str, reason: str) -> None:
    required = ANY_ROLE if reason == "not_enrolled" else STAFF
    for path in reads(api, topic):
        details = refused(api.get(path, as_=who), 403, "FORBIDDEN")
        assert (details["reason"], details["required"]) == (reason, required)


@pytest.mark.parametrize("who", ["admin", "mentor"])
def test_staff_upload_read_and_delete(api: Server, who: str) -> None:
    topic = add_topic(api)
    document = uploaded(upload(api, topic, as_=who))
    uploaded(put_video(api, topic, as_=who))
    assert_readable(api, topic, who)
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    assert api.delete(path, as_=who).status_code == 200
    assert api.delete(topic.video_admin, as_=who).status_code == 200


def test_a_mentor_stays_out_of_the_subjects_of_others(
    api: Server, topic: Topic, other_mentor: str
) -> None:
    document = api.get(topic.documents, as_="admin").json()["data"][0]
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    attempts = [
        upload(api, topic, as_=other_mentor),
        put_video(api, topic, as_=other_mentor),
        api.delete(path, as_=other_mentor),
        api.delete(topic.video_admin, as_=other_mentor),
    ]
    for response in attempts:
        details = refused(response, 403, "FORBIDDEN")
        assert details == {"required": STAFF, "user_roles": ["MENTOR"], "reason": "not_owner"}
    assert_refused(api, topic, other_mentor, "not_owner")
    assert_readable(api, topic, "mentor")


def test_a_mentor_cannot_delete_through_a_topic_of_his_own(api: Server, topic: Topic) -> None:
    foreign = add_topic(api, mentor=None)
    document = uploaded(upload(api, foreign))
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    for who in ("mentor", "admin"):
        refused(api.delete(path, as_=who), 404, "NOT_FOUND")
    assert api.get(document["url"], as_="admin").status_code == 200


def test_a_topic_without_a_mentor_belongs_to_the_administrators(api: Server) -> None:
    refused(upload(api, add_topic(api, mentor=None), as_="mentor"), 403, "FORBIDDEN")


def test_learners_upload_and_delete_nothing(api: Server, topic: Topic) -> None:
    enroll(api, topic, "learner", "APPROVED")
    attempts = [
        upload(api, topic, as_="learner"),
        put_video(api, topic, as_="learner"),
        api.delete(f"/api/admin/education/topics/{topic.id}/documents/0", as_="learner"),
        api.delete(topic.video_admin, as_="learner"),
    ]
    for response in attempts:
        details = refused(response, 403, "FORBIDDEN")
        assert details == {"required": STAFF, "user_roles": ["LEARNER"]}


def test_strangers_do_nothing(api: Server, topic: Topic) -> None:
    attempts = [
        *(api.get(path) for path in reads(api, topic)),
        upload(api, topic, as_=None),
        put_video(api, topic, as_=None),
        api.delete(topic.video_admin),
    ]
    for response in attempts:
        assert refused(response, 401, "UNAUTHORIZED") == {"reason": "missing"}
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("status", ["PENDING", "REJECTED", "CANCELLED"])
def test_learners_read_after_approval_only(api: Server, topic: Topic, status: str) -> None:
    who = api.user(f"wait{new_id()}")
    assert_refused(api, topic, who, "not_enrolled")
    enroll(api, topic, who, status)
    assert_refused(api, topic, who, "not_enrolled")
    enroll(api, topic, who, "APPROVED") if status != "PENDING" else approve(api, topic)
    assert_readable(api, topic, who)


def approve(api: Server, topic: Topic) -> None:
    with api.db() as db:
        db.execute(
            "update enrollments set status = 'APPROVED' where subject_id = %s", (topic.subject_id,)
        )


def test_an_approval_over_http_opens_the_material(api: Server, topic: Topic) -> None:
    who = api.user("asker")
    body = {"subjectId": topic.subject_id}
    asked = api.post("/api/enrollment/request", as_=who, json=body).json()["data"]
    assert_refused(api, topic, who, "not_enrolled")
    assert api.put(f"/api/admin/enrollment/{asked['id']}/approve", as_="admin").status_code == 200
    assert_readable(api, topic, who)


@pytest.mark.parametrize(
    "sql",
    [
        "update topics set is_active = false where id = %(topic)s",
        "update subjects set is_active = false where id = %(subject)s",
    ],
)
def test_hidden_material_is_for_staff(api: Server, topic: Topic, sql: str) -> None:
    who = api.user(f"hidden{new_id()}")
    enroll(api, topic, who, "APPROVED")
    assert_readable(api, topic, who)
    with api.db() as db:
        db.execute(sql, {"topic": topic.id, "subject": topic.subject_id})
    assert_refused(api, topic, who, "not_enrolled")
    assert_readable(api, topic, "mentor")
    assert uploaded(upload(api, topic, as_="mentor"))


def test_a_deleted_file_is_404_for_every_role(api: Server, topic: Topic) -> None:
    paths = reads(api, topic)
    with api.db() as db:
        db.execute("update subjects set deleted_at = now() where id = %s", (topic.subject_id,))
    attempts = [*(api.get(path, as_="admin") for path in paths), upload(api, topic)]
    attempts += [put_video(api, topic), api.delete(topic.video_admin, as_="admin")]
    for response in attempts:
        refused(response, 404, "NOT_FOUND")


def test_roles_add_up(api: Server, topic: Topic, other_mentor: str) -> None:
    """A mentor who learns elsewhere reads there, and uploads here."""
    user_id = api.user_id(other_mentor)
    own = add_topic(api, mentor=other_mentor)
    add_role(api, user_id, "LEARNER")
    try:
        assert_refused(api, topic, other_mentor, "not_enrolled")
        enroll(api, topic, other_mentor, "APPROVED")
        assert_readable(api, topic, other_mentor)
        refused(upload(api, topic, as_=other_mentor), 403, "FORBIDDEN")
        uploaded(upload(api, own, as_=other_mentor))
    finally:
        with api.db() as db:
            sql = "delete from user_roles where user_id = %s and role = 'LEARNER'"
            db.execute(sql, (user_id,))


def test_a_mentor_whose_role_ended_is_out(api: Server, other_mentor: str) -> None:
    who = api.user("former")
    own = add_topic(api, mentor=who)
    refused(upload(api, own, as_=who), 403, "FORBIDDEN")
    add_role(api, api.user_id(who), "MENTOR")
    uploaded(upload(api, own, as_=who))
    with api.db() as db:
        sql = "delete from user_roles where user_id = %s and role = 'MENTOR'"
        db.execute(sql, (api.user_id(who),))
    refused(upload(api, own, as_=who), 403, "FORBIDDEN")
    refused(api.get(own.documents, as_=who), 403, "FORBIDDEN")


ODD = ["0000", "..", "%2e%2e%2fetc", "a%20b", "x" * 65, "documents/a/b", "https://example.com"]


@pytest.mark.parametrize("id", ODD)
def test_unknown_documents_are_not_found(api: Server, id: str) -> None:
    details = refused(api.get(f"{STREAM}?documentId={id}", as_="admin"), 404, "NOT_FOUND")
    assert details["resource"] == "document"


@pytest.mark.parametrize("id", ["0000", "x" * 65, "%20", "a.b"])
def test_unknown_topics_are_not_found(api: Server, id: str) -> None:
    paths = [f"/api/education/topics/{id}/video", f"/api/education/topics/{id}/documents"]
    answers = [api.get(path, as_="admin") for path in paths]
    answers.append(api.delete(f"/api/admin/education/topics/{id}/video", as_="admin"))
    answers.append(put_video(api, Topic(id, "")))
    for response in answers:
        assert refused(response, 404, "NOT_FOUND")["resource"] == "topic"


def test_a_topic_without_a_video(api: Server) -> None:
    topic = add_topic(api)
    for response in (api.get(topic.video, as_="admin"), api.delete(topic.video_admin, as_="admin")):
        details = refused(response, 404, "NOT_FOUND")
        assert details == {"resource": "video", "id": topic.id}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("?documentId=", 422),
        ("?key=documents/a/b", 422),
        ("?url=http://127.0.0.1/", 422),
        ("?documentId={id}", 200),
        ("?id={id}", 200),
        ("?documentId={id}&id={id}", 200),
        ("?documentId={id}&id=0", 422),
        ("?documentId={id}&documentId={id}", 422),
        ("?documentId={id}&topicId={topic}", 200),
        ("?documentId={id}&topicId=0", 404),
    ],
)
def test_a_document_is_named_by_its_id_alone(
    api: Server, topic: Topic, query: str, status: int
) -> None:
    document = api.get(topic.documents, as_="admin").json()["data"][0]
    path = STREAM + query.format(id=document["id"], topic=topic.id)
    assert api.get(path, as_="admin").status_code == status


def test_no_answer_names_a_storage_key(api: Server, topic: Topic) -> None:
    with api.db() as db:
        sql = "select storage_key from documents union select video_key from topics"
        keys = {key for (key,) in db.execute(sql) if key}
    answers = [api.get(path, as_="admin") for path in (topic.documents, topic.documents[:-10])]
    answers += [upload(api, topic), put_video(api, topic)]
    assert keys
    assert not any(key.split("/")[1] in answer.text for key in keys for answer in answers)
