"""One video per topic: set, replaced, deleted, also by many at once."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.library.at_once import together, videos
from tests.library.school import (
    Topic,
    add_topic,
    objects,
    pending,
    put_video,
    refused,
    sample,
    sweep,
    upload,
    uploaded,
    video,
)
from tests.parts.server import Server


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


def stored(api: Server, *contents: bytes) -> Counter[bytes]:
    """How often each of these contents is stored."""
    found = Counter(objects(api).values())
    return Counter({each: found[each] for each in contents if found[each]})


def test_first_set_then_replaced(api: Server, topic: Topic) -> None:
    first, second = video(1), video(2)
    created = put_video(api, topic, first, as_="mentor")
    assert created.status_code == 201
    replaced = put_video(api, topic, second, name="Lesson.MP4")
    assert replaced.status_code == 200
    assert "location" not in replaced.headers
    before, after = uploaded(created), uploaded(replaced)
    assert (before["version"], after["version"]) == (1, 2)
    assert before["videoUrl"] == after["videoUrl"] == topic.video
    assert after["updatedAt"] > before["updatedAt"]
    playback = api.get(topic.video, as_="admin")
    assert playback.content == second
    assert 'filename="Lesson.MP4"' in playback.headers["content-disposition"]
    sweep(api)
    assert stored(api, first, second) == {second: 1}


def test_a_refused_replacement_leaves_the_video(api: Server, topic: Topic) -> None:
    uploaded(put_video(api, topic, video(3)))
    refused(put_video(api, topic, b"<html>"), 415, "UNSUPPORTED_MEDIA_TYPE")
    sweep(api)
    assert api.get(topic.video, as_="admin").content == video(3)
    assert pending(api) == 0


def test_deleted_once(api: Server, topic: Topic) -> None:
    uploaded(put_video(api, topic, video(4)))
    answer = api.delete(topic.video_admin, as_="mentor")
    assert answer.json()["data"] == {"topicId": topic.id, "deleted": True}
    refused(api.delete(topic.video_admin, as_="mentor"), 404, "NOT_FOUND")
    refused(api.get(topic.video, as_="mentor"), 404, "NOT_FOUND")
    shown = api.get(f"/api/education/topics/{topic.id}", as_="mentor").json()["data"]
    assert (shown["videoUrl"], shown["hasVideo"]) == (None, False)
    sweep(api)
    assert not stored(api, video(4))
    assert uploaded(put_video(api, topic, video(4)))["version"] == 2


def test_only_what_was_seen_is_replaced(api: Server, topic: Topic) -> None:
    refused(put_video(api, topic, headers={"If-Match": "*"}), 412, "PRECONDITION_FAILED")
    seen = put_video(api, topic, video(5)).headers["etag"]
    put_video(api, topic, video(6), headers={"If-Match": f'"x", {seen}'})
    current = api.get(topic.video, as_="admin").headers["etag"]
    for tag in (seen, f"W/{current}", '"x"'):
        response = put_video(api, topic, video(7), headers={"If-Match": tag})
        assert refused(response, 412, "PRECONDITION_FAILED") == {"currentETag": current}
        response = api.delete(topic.video_admin, as_="admin", headers={"If-Match": tag})
        assert refused(response, 412, "PRECONDITION_FAILED") == {"currentETag": current}
    assert api.get(topic.video, as_="admin").content == video(6)
    response = api.delete(topic.video_admin, as_="admin", headers={"If-Match": current})
    assert response.status_code == 200


async def test_ten_replacements_at_once_leave_one(api: Server, topic: Topic) -> None:
    contents = [video(100 + number) for number in range(10)]
    answers = await together(api, *videos(api, topic, contents))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    versions = {uploaded(answer)["version"]: uploaded(answer)["sha256"] for answer in answers}
    assert sorted(versions) == list(range(1, 11))
    sweep(api)
    playback = api.get(topic.video, as_="admin")
    assert playback.headers["etag"] == f'"sha256-{versions[10]}"'
    assert stored(api, *contents) == {playback.content: 1}


async def test_of_two_who_saw_the_same_one_replaces(api: Server, topic: Topic) -> None:
    seen = put_video(api, topic, video(8)).headers["etag"]
    contents = [video(200 + number) for number in range(5)]
    answers = await together(api, *videos(api, topic, contents, If_Match=seen))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    sweep(api)
    assert stored(api, video(8), *contents) == {api.get(topic.video, as_="admin").content: 1}


async def test_replacing_and_deleting_at_once(api: Server, topic: Topic) -> None:
    for number in range(5):
        put_video(api, topic, video(300))
        content, headers = video(301 + number), api.headers("admin")
        answers = await together(
            api,
            *videos(api, topic, [content]),
            lambda client, sent=headers: client.delete(topic.video_admin, headers=sent),  # type: ignore[misc]
        )
        assert answers[0].status_code in (200, 201)
        assert answers[1].status_code == 200
        playback = api.get(topic.video, as_="admin")
        # Deleted first: the new one was set anew. Deleted last: there is none.
        if answers[0].status_code == 201:
            assert playback.content == content
        else:
            refused(playback, 404, "NOT_FOUND")
        sweep(api)
        left = {playback.content: 1} if playback.status_code == 200 else {}
        assert stored(api, video(300), content) == left


def test_a_topic_has_documents_beside_its_video(api: Server, topic: Topic) -> None:
    uploaded(put_video(api, topic))
    uploaded(upload(api, topic, "a.pdf", sample("pdf")))
    shown = api.get(f"/api/education/topics/{topic.id}", as_="admin").json()["data"]
    assert (shown["hasVideo"], shown["documentCount"]) == (True, 1)
