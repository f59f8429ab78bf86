"""An upload that is repeated with its Idempotency-Key has one effect and one answer."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.library.at_once import documents, together, videos
from tests.library.school import (
    Topic,
    add_topic,
    count,
    objects,
    pending,
    put_video,
    refused,
    upload,
    uploaded,
    video,
)
from tests.parts.server import Server


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


def keyed(topic: Topic, name: str = "key") -> dict[str, str]:
    return {"Idempotency-Key": f"{name}-{topic.id}"}


def documents_of(api: Server, topic: Topic) -> int:
    return count(api, "select count(*) from documents where topic_id = %s", topic.id)


def test_a_document(api: Server, topic: Topic) -> None:
    first = upload(api, topic, headers=keyed(topic))
    stored = objects(api)
    again = upload(api, topic, headers=keyed(topic))
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert (documents_of(api, topic), objects(api)) == (1, stored)
    assert pending(api) == 0


def test_a_video(api: Server, topic: Topic) -> None:
    first = put_video(api, topic, video(1), headers=keyed(topic))
    again = put_video(api, topic, video(1), headers=keyed(topic))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    assert uploaded(again)["version"] == 1
    put_video(api, topic, video(2))
    assert uploaded(put_video(api, topic, video(1), headers=keyed(topic)))["version"] == 1
    assert api.get(topic.video, as_="admin").content == video(2)


def test_a_repeated_replacement_is_not_held_against_itself(api: Server, topic: Topic) -> None:
    seen = put_video(api, topic, video(1)).headers["etag"]
    headers = keyed(topic) | {"If-Match": seen}
    first = put_video(api, topic, video(2), headers=headers)
    again = put_video(api, topic, video(2), headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content


def test_another_request_with_the_same_key(api: Server, topic: Topic) -> None:
    upload(api, topic, headers=keyed(topic))
    put_video(api, topic, video(1), headers=keyed(topic))
    stored = objects(api)
    others = [
        upload(api, topic, content=b"other", headers=keyed(topic)),
        upload(api, topic, fields={"metadata": "{}"}, headers=keyed(topic)),
        upload(api, add_topic(api), headers=keyed(topic)),
        put_video(api, topic, video(2), headers=keyed(topic)),
        upload(api, topic, "a.html", headers=keyed(topic)),
        upload(api, topic, content=b"", headers=keyed(topic)),
        upload(api, "not an id", headers=keyed(topic)),
        upload(api, topic, fields={"metadata": "["}, headers=keyed(topic)),
        put_video(api, topic, b"no film", headers=keyed(topic)),
    ]
    for response in others:
        assert refused(response, 422, "IDEMPOTENCY_KEY_REUSED") == {}
    assert objects(api) == stored
    assert documents_of(api, topic) == 1


def test_a_key_is_its_users_own(api: Server, topic: Topic) -> None:
    first = uploaded(upload(api, topic, headers=keyed(topic)))
    second = uploaded(upload(api, topic, as_="mentor", headers=keyed(topic)))
    assert first["id"] != second["id"]


@pytest.mark.parametrize("status", [404, 409])
def test_what_could_not_be_done_is_kept_too(api: Server, topic: Topic, status: int) -> None:
    if status == 409:
        with api.db() as db:
            db.execute("update topics set document_count = 100 where id = %s", (topic.id,))
    target = topic if status == 409 else "0000"
    first = upload(api, target, headers=keyed(topic))
    with api.db() as db:
        db.execute("update topics set document_count = 0 where id = %s", (topic.id,))
    again = upload(api, target, headers=keyed(topic))
    assert (first.status_code, again.status_code) == (status, status)
    assert again.headers["idempotent-replayed"] == "true"
    assert pending(api) == 0


@pytest.mark.parametrize(("name", "status"), [("a.html", 415), ("", 422)])
def test_what_was_not_understood_may_be_sent_again(
    api: Server, topic: Topic, name: str, status: int
) -> None:
    response = upload(api, topic, name, headers=keyed(topic))
    assert response.status_code == status
    assert uploaded(upload(api, topic, headers=keyed(topic)))


async def test_the_same_document_at_once(api: Server, topic: Topic) -> None:
    asking = documents(api, topic, [b"once"] * 8, key=f"together-{topic.id}")
    answers = await together(api, *asking)
    found = Counter(answer.status_code for answer in answers)
    assert set(found) <= {201, 409}
    assert found[201] >= 1
    assert len({uploaded(each)["id"] for each in answers if each.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "IDEMPOTENCY_IN_PROGRESS"
            assert answer.headers["retry-after"] == "1"
    assert documents_of(api, topic) == 1
    assert sum(each == b"once" for each in objects(api).values()) == 1
    assert pending(api) == 0


async def test_different_documents_at_once(api: Server, topic: Topic) -> None:
    contents = [b"one of many %d" % number for number in range(6)]
    answers = await together(api, *documents(api, topic, contents, key=f"mixed-{topic.id}"))
    found = Counter(answer.status_code for answer in answers)
    assert found[201] == 1
    assert set(found) <= {201, 409, 422}
    assert documents_of(api, topic) == 1
    assert sum(each in contents for each in objects(api).values()) == 1


async def test_the_same_video_at_once(api: Server, topic: Topic) -> None:
    asking = videos(api, topic, [video(3)] * 6, Idempotency_Key=f"together-{topic.id}")
    answers = await together(api, *asking)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert uploaded(put_video(api, topic, video(4)))["version"] == 2
