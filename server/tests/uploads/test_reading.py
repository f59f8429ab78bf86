"""What an upload has become is shown to those who may read it now."""

from __future__ import annotations

import pytest

from tests.library.school import Topic, put_video, refused, uploaded, video
from tests.parts.server import Server
from tests.uploads.tus import append, begun, cancel, create, head, plan, video_plan

FILM = video(10)
TEXT = b"1234567890"


def reassign(api: Server, topic: Topic, who: str) -> None:
    sql = "update subjects set mentor_id = %s where id = %s"
    api.execute(sql, api.user_id(who), topic.subject_id)


@pytest.fixture(params=["document", "video"])
def finished(request: pytest.FixtureRequest, api: Server, topic: Topic, mentor: str) -> str:
    metadata, content = (
        (plan(topic), TEXT) if request.param == "document" else (video_plan(topic), FILM)
    )
    path = begun(create(api, len(content), metadata, as_=mentor))
    assert append(api, path, 0, content, as_=mentor).status_code == 204
    shown = api.get(path, as_=mentor).json()["data"]
    assert request.param in shown
    return path


def test_a_mentor_who_lost_the_subject_sees_nothing_of_it(
    api: Server, topic: Topic, mentor: str, finished: str
) -> None:
    reassign(api, topic, "mentor")
    uploaded(put_video(api, topic, video(99), as_="mentor"))
    answer = api.get(finished, as_=mentor)
    shown = answer.json()["data"]
    assert answer.status_code == 200
    assert shown.keys() & {"document", "video"} == set()
    assert "version" not in answer.text
    reassign(api, topic, mentor)
    assert api.get(finished, as_=mentor).json()["data"].keys() & {"document", "video"}


def test_after_the_topic_was_deleted(api: Server, topic: Topic, mentor: str, finished: str) -> None:
    api.execute("update topics set deleted_at = now() where id = %s", topic.id)
    shown = api.get(finished, as_=mentor).json()["data"]
    assert shown.keys() & {"document", "video"} == set()


def test_after_the_role_was_lost(api: Server, mentor: str, finished: str) -> None:
    sql = "delete from user_roles where user_id = %s and role = 'MENTOR'"
    api.execute(sql, api.user_id(mentor))
    refused(api.get(finished, as_=mentor), 403, "FORBIDDEN")
    assert head(api, finished, as_=mentor).status_code == 403
    refused(cancel(api, finished, as_=mentor), 403, "FORBIDDEN")


@pytest.mark.parametrize("status", ["INACTIVE", "SUSPENDED"])
def test_while_the_account_is_not_active(
    api: Server, mentor: str, finished: str, status: str
) -> None:
    api.execute("update users set status = %s where id = %s", status, api.user_id(mentor))
    for response in (api.get(finished, as_=mentor), cancel(api, finished, as_=mentor)):
        assert refused(response, 403, "FORBIDDEN")["reason"] == "account_inactive"
    assert head(api, finished, as_=mentor).status_code == 403


def test_no_byte_is_taken_for_a_topic_that_is_another_mentors(
    api: Server, topic: Topic, mentor: str
) -> None:
    path = begun(create(api, 10, plan(topic), as_=mentor))
    reassign(api, topic, "mentor")
    answer = append(api, path, 0, TEXT[:5], as_=mentor)
    assert refused(answer, 403, "FORBIDDEN")["reason"] == "not_owner"
    assert head(api, path, as_=mentor).headers["upload-offset"] == "0"
    assert cancel(api, path, as_=mentor).status_code == 204
