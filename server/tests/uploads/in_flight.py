"""Uploads that are held in the middle of a request while something else is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2

from tests.library.school import (
    MIB,
    UPLOAD,
    Topic,
    count,
    eventually,
    form,
    objects,
    pending,
    rows,
    video,
)
from tests.parts.server import Server
from tests.uploads import tus

Change = Callable[[], object]
Send = Callable[[Server, Topic, str, Change], httpx2.Response]

FORM = {"Content-Type": "multipart/form-data; boundary=frontier"}
TEXT = b"x" * (3 * MIB)
FILM = video(3 * MIB)
HALF = 2 * MIB


def _interrupted(
    content: bytes, is_under_way: Callable[[], bool], change: Change
) -> Iterator[bytes]:
    """Yield the first half, apply the change once the server takes it, then yield the rest."""
    yield content[:HALF]
    eventually(is_under_way)
    change()
    yield content[HALF:]


def send_document(
    api: Server, topic: Topic, who: str, change: Change, *, key: str | None = None
) -> httpx2.Response:
    parts = [('name="topicId"', topic.id.encode()), ('name="file"; filename="a.txt"', TEXT)]
    content = _interrupted(form(parts), lambda: pending(api) == 1, change)
    headers = FORM | ({"Idempotency-Key": key} if key else {})
    return api.post(UPLOAD, as_=who, content=content, headers=headers)


def send_video(api: Server, topic: Topic, who: str, change: Change) -> httpx2.Response:
    content = form([('name="video"; filename="a.mp4"', FILM)])
    held = _interrupted(content, lambda: pending(api) == 1, change)
    return api.put(topic.video_admin, as_=who, content=held, headers=FORM)


def send_resumable(api: Server, topic: Topic, who: str, change: Change) -> httpx2.Response:
    path = tus.begun(tus.create(api, len(TEXT), tus.plan(topic), as_=who))
    return _append(api, path, who, TEXT, change)


def send_resumable_video(api: Server, topic: Topic, who: str, change: Change) -> httpx2.Response:
    path = tus.begun(tus.create(api, len(FILM), tus.video_plan(topic), as_=who))
    return _append(api, path, who, FILM, change)


def _append(api: Server, path: str, who: str, content: bytes, change: Change) -> httpx2.Response:
    name = path.rpartition("/")[2]
    held = _interrupted(content, lambda: tus.files(api).get(name, 0) >= MIB, change)
    return tus.append(api, path, 0, held, as_=who)


SENDERS: dict[str, Send] = {
    "document": send_document,
    "video": send_video,
    "resumable document": send_resumable,
    "resumable video": send_resumable_video,
}


def nothing_came_of_it(api: Server, topic: Topic) -> None:
    """Assert that the topic has no file, and the store and the tables hold nothing of one."""
    known = "select storage_key from documents union select video_key from topics"
    sql = "select count(*) from documents where topic_id = %s"
    assert count(api, sql, topic.id) == 0
    assert rows(api, "select video_key from topics where id = %s", topic.id) == [(None,)]
    assert objects(api).keys() <= {key for (key,) in rows(api, known)}
    assert pending(api) == 0
    done = "select count(*) from resumable_uploads where topic_id = %s and result_id is not null"
    assert count(api, done, topic.id) == 0
