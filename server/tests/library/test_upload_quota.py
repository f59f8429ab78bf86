"""A plan allows so many uploads a month: stored ones count, and no race stores one more."""

from __future__ import annotations

from collections import Counter

import pytest

from akako.kernel.core.ids import new_id
from tests.library.at_once import documents, together, videos
from tests.library.school import (
    Topic,
    add_topic,
    objects,
    pending,
    put_video,
    refused,
    rows,
    sweep,
    upload,
    uploaded,
    video,
)
from tests.library.usage import new_mentor, set_used, used
from tests.parts.server import Server


@pytest.fixture
def mentor(api: Server) -> str:
    """A fresh mentor on the FREE plan: ten uploads a month."""
    return new_mentor(api)


@pytest.fixture
def topic(api: Server, mentor: str) -> Topic:
    return add_topic(api, mentor=mentor)


def test_every_answer_tells_what_is_left(api: Server, mentor: str, topic: Topic) -> None:
    for number in range(1, 3):
        response = upload(api, topic, as_=mentor)
        assert response.headers["x-upload-quota-limit"] == "10"
        assert response.headers["x-upload-quota-remaining"] == str(10 - number)
        assert int(response.headers["x-upload-quota-reset"]) > 1640995200
        assert "x-quota-limit" in response.headers
        assert used(api, mentor) == number
    assert put_video(api, topic, as_=mentor).headers["x-upload-quota-remaining"] == "7"
    assert upload(api, topic).headers["x-upload-quota-limit"] == "unlimited"


@pytest.mark.parametrize(("plan", "limit"), [("FREE", 10), ("PRO", 100)])
def test_the_last_one_fits_and_the_next_does_not(
    api: Server, mentor: str, topic: Topic, plan: str, limit: int
) -> None:
    with api.db() as db:
        db.execute("update users set plan = %s where id = %s", (plan, api.user_id(mentor)))
    set_used(api, mentor, limit - 1)
    assert upload(api, topic, as_=mentor).headers["x-upload-quota-remaining"] == "0"
    for response in (upload(api, topic, as_=mentor), put_video(api, topic, as_=mentor)):
        details = refused(response, 429, "QUOTA_EXCEEDED")
        reset = details.pop("resetAt")
        assert details == {"quota": "file_uploads", "plan": plan, "limit": limit, "used": limit}
        assert response.headers["x-upload-quota-remaining"] == "0"
        assert response.headers["x-upload-quota-reset"] == str(reset)
        assert int(response.headers["retry-after"]) >= 1
    assert used(api, mentor) == limit
    assert uploaded(upload(api, topic)), "the administrator has a plan of his own"


def test_what_fails_costs_nothing(api: Server, mentor: str, topic: Topic) -> None:
    set_used(api, mentor, 9)
    for _ in range(3):
        assert upload(api, topic, "a.html", as_=mentor).status_code == 415
        assert upload(api, "0000", as_=mentor).status_code == 404
        assert upload(api, topic, content=b"", as_=mentor).status_code == 422
        assert put_video(api, topic, b"<", as_=mentor).status_code == 415
        assert put_video(api, add_topic(api), as_=mentor).status_code == 403
    assert used(api, mentor) == 9
    assert upload(api, topic, as_=mentor).status_code == 201


def test_a_deletion_gives_nothing_back(api: Server, mentor: str, topic: Topic) -> None:
    document = uploaded(upload(api, topic, as_=mentor))
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    assert api.delete(path, as_=mentor).status_code == 200
    assert used(api, mentor) == 1


async def test_of_many_at_once_only_the_last_one_fits(
    api: Server, mentor: str, topic: Topic
) -> None:
    set_used(api, mentor, 9)
    contents = [b"race %d" % number for number in range(8)]
    answers = await together(api, *documents(api, topic, contents, as_=mentor))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 429: 7}
    assert used(api, mentor) == 10
    sweep(api)
    assert sum(each in contents for each in objects(api).values()) == 1
    assert pending(api) == 0


async def test_documents_and_videos_share_the_quota(api: Server, mentor: str, topic: Topic) -> None:
    set_used(api, mentor, 8)
    asking = documents(api, topic, [b"a", b"b"], as_=mentor)
    asking += videos(api, topic, [video(1), video(2)], as_=mentor)
    answers = await together(api, *asking)
    assert sum(answer.status_code in (200, 201) for answer in answers) == 2
    assert used(api, mentor) == 10


def test_a_dead_upload_reserves_nothing(api: Server, mentor: str, topic: Topic) -> None:
    """A server that was killed leaves its announcements behind."""
    set_used(api, mentor, 9)
    with api.db() as db:
        db.execute(
            "insert into pending_objects (storage_key, quota_subject, process) "
            "values (%s, %s, 'akako of yesterday')",
            (f"documents/{new_id()}", f"user:{api.user_id(mentor)}"),
        )
    assert upload(api, topic, as_=mentor).status_code == 201
    sweep(api)
    assert rows(api, "select * from pending_objects where process = 'akako of yesterday'") == []


def test_a_repeated_answer_is_given_although_the_quota_is_spent(
    api: Server, mentor: str, topic: Topic
) -> None:
    set_used(api, mentor, 9)
    headers = {"Idempotency-Key": "the-last-one"}
    first = upload(api, topic, as_=mentor, headers=headers)
    again = upload(api, topic, as_=mentor, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert used(api, mentor) == 10
