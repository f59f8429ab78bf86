"""A disk that takes no more: the upload is refused, the service lives, nothing half is kept.

The limit is the operating system's on the size of a file, set on the running server and taken away
again: its writes fail in the middle, as on a full disk.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import StartServer
from tests.faults import invariants
from tests.library.school import (
    MIB,
    Topic,
    add_topic,
    put_video,
    refused,
    sample,
    trace,
    upload,
    uploaded,
    video,
)
from tests.parts.server import Server
from tests.uploads import tus

SMALL = 64 * 1024
LEVELS = "/api/admin/education/levels"


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


@contextmanager
def full_disk(api: Server) -> Iterator[None]:
    assert api.process is not None
    pid = api.process.pid
    size = api.log_file.stat().st_size + SMALL  # the log is a file too
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


# A text goes to the store alone; an office document first to a spool, where it is looked into.
DOCUMENTS = [("a.txt", b"x" * MIB), ("a.docx", sample("docx") + b"x" * MIB)]


@pytest.mark.parametrize(("name", "content"), DOCUMENTS)
def test_a_document(api: Server, topic: Topic, name: str, content: bytes) -> None:
    kept = uploaded(upload(api, topic))
    before = trace(api)
    with full_disk(api):
        refused(upload(api, topic, name, content), 503, "SERVICE_UNAVAILABLE")
        assert trace(api) == before
        assert api.get(kept["url"], as_="admin").status_code == 200
        assert api.post(LEVELS, as_="admin", json={"name": f"L {name}"}).status_code == 201
    assert uploaded(upload(api, topic))
    invariants.check(api)


def test_a_video(api: Server, topic: Topic) -> None:
    uploaded(put_video(api, topic, video(1)))
    before = trace(api)
    with full_disk(api):
        refused(put_video(api, topic, video(MIB)), 503, "SERVICE_UNAVAILABLE")
        assert trace(api) == before
        assert api.get(topic.video, as_="admin").content == video(1)
    uploaded(put_video(api, topic, video(MIB)))
    invariants.check(api)


def test_a_resumable_upload(api: Server, topic: Topic) -> None:
    """What is on the disk counts, and the rest can be sent when there is room again."""
    content = b"x" * (2 * MIB)
    path = tus.begun(tus.create(api, len(content), tus.plan(topic)))
    with full_disk(api):
        refused(tus.append(api, path, 0, content), 503, "SERVICE_UNAVAILABLE")
    at = tus.offset(api, path)
    assert at < len(content)
    assert tus.append(api, path, at, content[at:]).status_code == 204
    (listed,) = api.get(topic.documents, as_="admin").json()["data"]
    assert api.get(listed["url"], as_="admin").content == content
    invariants.check(api)
