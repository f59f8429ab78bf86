"""The file name of a video changes; the video stays."""

from __future__ import annotations

import httpx2
import pytest

from tests.library.school import Topic, add_topic, put_video, uploaded
from tests.parts.server import Server


@pytest.fixture
def topic(api: Server) -> Topic:
    made = add_topic(api)
    uploaded(put_video(api, made, name="VID_0001.mp4"))
    return made


def rename(api: Server, topic: Topic, name: object, as_: str = "mentor") -> httpx2.Response:
    return api.put(f"{topic.video_admin}/name", as_=as_, json={"fileName": name})


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Addition.mp4", "Addition.mp4"),
        ("Adding fractions", "Adding fractions.mp4"),
        ("Lesson 1.5", "Lesson 1.5.mp4"),
        ("a/b.MP4", "b.MP4"),
        ("x" * 200, f"{'x' * 196}.mp4"),
    ],
)
def test_downloads_have_the_new_name(api: Server, topic: Topic, name: str, stored: str) -> None:
    before = api.get(topic.video, as_="mentor")
    answer = rename(api, topic, name)
    assert answer.json()["data"] == {"topicId": topic.id, "fileName": stored}
    after = api.get(topic.video, as_="mentor")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert f'filename="{stored}"' in after.headers["content-disposition"]
    path = f"/api/admin/audit?resourceId={topic.id}&action=video.updated"
    [entry] = api.get(path, as_="admin").json()["data"]
    assert entry["after"] == {"changed": ["fileName"]}


def test_what_is_no_name_is_refused(api: Server, topic: Topic) -> None:
    for name in ("", "x" * 201, "..", "a/", None, 1):
        assert rename(api, topic, name).status_code == 422, name
    assert rename(api, topic, "a.mp4", as_="learner").status_code == 403
    assert rename(api, add_topic(api), "a.mp4").status_code == 404  # no video
    assert rename(api, add_topic(api, mentor=None), "a.mp4").status_code == 403
