"""An upload is its maker's own, and may become something only while its maker may do that."""

from __future__ import annotations

import pytest

from tests.library.school import (
    Topic,
    count,
    enroll,
    objects,
    pending,
    refused,
)
from tests.library.usage import set_used, used
from tests.parts.server import Server
from tests.uploads.tus import append, begun, cancel, create, files, head, offset, plan, video_plan

TEXT = b"1234567890"


def test_only_staff_begins(api: Server, topic: Topic) -> None:
    enroll(api, topic, "learner", "APPROVED")
    refused(create(api, 10, plan(topic), as_="learner"), 403, "FORBIDDEN")
    refused(create(api, 10, plan(topic), as_=None), 401, "UNAUTHORIZED")
    details = refused(create(api, 10, plan(topic), as_="mentor"), 403, "FORBIDDEN")
    assert details["reason"] == "not_owner"
    refused(create(api, 10, plan(Topic("0000", ""))), 404, "NOT_FOUND")
    assert begun(create(api, 10, plan(topic)))


def test_other_users_do_not_see_it(api: Server, topic: Topic, mentor: str) -> None:
    path = begun(create(api, 10, plan(topic), as_=mentor))
    for who in ("admin", "mentor"):
        refused(append(api, path, 0, TEXT, as_=who), 404, "NOT_FOUND")
        refused(api.get(path, as_=who), 404, "NOT_FOUND")
        refused(cancel(api, path, as_=who), 404, "NOT_FOUND")
        assert head(api, path, as_=who).status_code == 404
    refused(append(api, path, 0, TEXT, as_="learner"), 403, "FORBIDDEN")
    refused(append(api, path, 0, TEXT, as_=None), 401, "UNAUTHORIZED")
    assert append(api, path, 0, TEXT, as_=mentor).status_code == 204


@pytest.mark.parametrize("id", ["0000", "x" * 65, "a.b"])
def test_unknown_uploads(api: Server, id: str) -> None:
    path = f"/api/uploads/{id}"
    for response in (api.get(path, as_="admin"), append(api, path, 0, b""), cancel(api, path)):
        assert refused(response, 404, "NOT_FOUND")["resource"] == "upload"


def test_an_owner_who_lost_the_subject_finishes_nothing(
    api: Server, topic: Topic, mentor: str
) -> None:
    path = begun(create(api, 10, plan(topic), as_=mentor))
    append(api, path, 0, TEXT[:5], as_=mentor)
    with api.db() as db:
        db.execute("update subjects set mentor_id = null where id = %s", (topic.subject_id,))
    refused(append(api, path, 5, TEXT[5:], as_=mentor), 403, "FORBIDDEN")
    assert int(head(api, path, as_=mentor).headers["upload-offset"]) == 5
    assert documents(api, topic) == pending(api) == 0
    with api.db() as db:
        sql = "update subjects set mentor_id = %s where id = %s"
        db.execute(sql, (api.user_id(mentor), topic.subject_id))
    assert "upload-result" in append(api, path, 5, TEXT[5:], as_=mentor).headers


def documents(api: Server, topic: Topic) -> int:
    return count(api, "select count(*) from documents where topic_id = %s", topic.id)


def test_a_mentor_no_more(api: Server, topic: Topic, mentor: str) -> None:
    path = begun(create(api, 10, plan(topic), as_=mentor))
    with api.db() as db:
        sql = "delete from user_roles where user_id = %s and role = 'MENTOR'"
        db.execute(sql, (api.user_id(mentor),))
    refused(append(api, path, 0, TEXT, as_=mentor), 403, "FORBIDDEN")


def test_a_topic_deleted_during_the_upload(api: Server, topic: Topic) -> None:
    for metadata in (plan(topic), video_plan(topic)):
        path = begun(create(api, 10, metadata))
        sql = "update topics set deleted_at = {} where id = %s"
        with api.db() as db:
            db.execute(sql.format("now()"), (topic.id,))
        assert refused(append(api, path, 0, TEXT), 404, "NOT_FOUND")["resource"] == "topic"
        with api.db() as db:
            db.execute(sql.format("null"), (topic.id,))
        assert cancel(api, path).status_code == 204


def test_a_full_topic(api: Server, topic: Topic) -> None:
    path = begun(create(api, 10, plan(topic)))
    with api.db() as db:
        db.execute("update topics set document_count = 100 where id = %s", (topic.id,))
    stored = objects(api)
    assert refused(append(api, path, 0, TEXT), 409, "CONFLICT")["field"] == "documents"
    assert (objects(api), pending(api), offset(api, path)) == (stored, 0, 0)


def test_the_quota_counts_what_is_finished(api: Server, topic: Topic, mentor: str) -> None:
    set_used(api, mentor, 8)
    first, second = (begun(create(api, 10, plan(topic), as_=mentor)) for _ in range(2))
    assert used(api, mentor) == 8
    done = append(api, first, 0, TEXT, as_=mentor)
    assert done.headers["x-upload-quota-remaining"] == "1"
    set_used(api, mentor, 10)
    response = append(api, second, 0, TEXT, as_=mentor)
    assert refused(response, 429, "QUOTA_EXCEEDED")["quota"] == "file_uploads"
    refused(create(api, 10, plan(topic), as_=mentor), 429, "QUOTA_EXCEEDED")
    assert used(api, mentor) == 10
    set_used(api, mentor, 9)
    assert append(api, second, 0, TEXT, as_=mentor).status_code == 204


def test_pieces_are_no_api_calls(api: Server, topic: Topic, mentor: str) -> None:
    def calls() -> int:
        quota = api.get("/api/auth/quota", as_=mentor).json()["data"]
        return int(quota["apiCalls"]["used"])

    path = begun(create(api, 10, plan(topic), as_=mentor))
    before = calls()
    for at in range(10):
        assert append(api, path, at, TEXT[at : at + 1], as_=mentor).status_code == 204
        assert head(api, path, as_=mentor).status_code == 200
    assert calls() == before + 1


def test_nothing_of_it_is_for_others_to_read(api: Server, topic: Topic) -> None:
    path = begun(create(api, 10, plan(topic)))
    append(api, path, 0, b"12345")
    (file,) = [api.folder / "uploads" / name for name in files(api) if name in path]
    assert file.stat().st_mode & 0o077 == 0
