"""Documents and videos in a bucket, whose network is slow, cut or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import pytest

from akako.backends.objects.s3_store import S3Store
from tests.conftest import StartServer
from tests.faults import invariants
from tests.http.raw import connection, head
from tests.library.school import (
    MIB,
    Topic,
    add_topic,
    count,
    eventually,
    pending,
    put_video,
    refused,
    sample,
    sha256,
    sweep,
    upload,
    uploaded,
    video,
)
from tests.parts.awake import AwakeClock
from tests.parts.seaweedfs import BUCKET, SeaweedFS, start_seaweedfs
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy
from tests.uploads import tus


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    seaweedfs = start_seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    yield seaweedfs
    seaweedfs.stop()


@pytest.fixture(scope="module")
def network(bucket: SeaweedFS) -> Iterator[TcpProxy]:
    """All that the server hears of the bucket passes here."""
    with TcpProxy(bucket.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def s3(bucket: SeaweedFS, network: TcpProxy, start_server: StartServer) -> Server:
    return start_server(bucket.settings("school", port=network.port))


@pytest.fixture
def topic(s3: Server) -> Topic:
    return add_topic(s3)


@pytest.fixture
def store(bucket: SeaweedFS) -> S3Store:
    """The bucket itself, beside the network."""
    return S3Store(f"s3://{BUCKET}/school", bucket.access())


Keys = Callable[[], set[str]]


@pytest.fixture
def keys(store: S3Store) -> Keys:
    async def listed() -> set[str]:
        return {each.key async for each in store.list()}

    return lambda: asyncio.run(listed())


def test_documents_and_videos_come_back(s3: Server, topic: Topic) -> None:
    content, film = b"page\n" * (2 * MIB), video(12 * MIB)
    document = uploaded(upload(s3, topic, "long.txt", content))
    uploaded(put_video(s3, topic, film))
    assert s3.get(document["url"], as_="admin").content == content
    part = s3.get(topic.video, as_="mentor", headers={"Range": "bytes=5242870-10485770"})
    assert (part.status_code, part.content) == (206, film[5242870:10485771])
    assert sha256(s3.get(topic.video, as_="mentor").content) == sha256(film)


def test_a_replaced_and_a_deleted_object_leave_the_bucket(
    s3: Server, topic: Topic, keys: Keys, store: S3Store
) -> None:
    before = keys()
    put_video(s3, topic, video(1))
    put_video(s3, topic, video(2))
    document = uploaded(upload(s3, topic))
    path = f"/api/admin/education/topics/{topic.id}/documents/{document['id']}"
    s3.delete(path, as_="admin")
    sweep(s3, store)
    assert len(keys() - before) == 1
    assert s3.get(topic.video, as_="admin").content == video(2)


@pytest.mark.parametrize("content", [b"<html>\0", b"x" * (6 * MIB) + b"\0"])
def test_what_is_refused_leaves_the_bucket_as_it_was(
    s3: Server, topic: Topic, bucket: SeaweedFS, keys: Keys, content: bytes
) -> None:
    before = keys(), bucket.unfinished_uploads()
    refused(upload(s3, topic, "a.txt", content), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert (keys(), bucket.unfinished_uploads()) == before
    assert pending(s3) == 0


def test_while_the_bucket_is_away(
    s3: Server, topic: Topic, network: TcpProxy, keys: Keys, store: S3Store
) -> None:
    kept = uploaded(upload(s3, topic))
    uploaded(put_video(s3, topic, video(3)))
    before = keys()
    network.refuse()
    network.drop()
    key = {"Idempotency-Key": f"away-{topic.id}"}
    try:
        for response in (
            s3.get(kept["url"], as_="admin"),
            s3.get(topic.video, as_="admin"),
            upload(s3, topic, headers=key),
            put_video(s3, topic, video(4)),
        ):
            assert refused(response, 503, "SERVICE_UNAVAILABLE") == {}
            assert int(response.headers["retry-after"]) >= 1
        assert s3.get(topic.documents, as_="admin").status_code == 200
    finally:
        network.accept()
    assert s3.get(topic.video, as_="admin").content == video(3)
    first = uploaded(upload(s3, topic, headers=key))
    assert uploaded(upload(s3, topic, headers=key)) == first
    assert count(s3, "select count(*) from documents where topic_id = %s", topic.id) == 2
    invariants.check(s3, store)
    assert len(keys() - before) == 1


def test_a_bucket_that_breaks_down_during_an_upload(
    s3: Server, topic: Topic, network: TcpProxy, keys: Keys, store: S3Store
) -> None:
    uploaded(put_video(s3, topic, video(5)))
    before = keys()
    network.cut_requests_after = 3 * MIB
    try:
        refused(put_video(s3, topic, video(20 * MIB)), 503, "SERVICE_UNAVAILABLE")
        refused(upload(s3, topic, content=b"x" * (8 * MIB)), 503, "SERVICE_UNAVAILABLE")
    finally:
        network.cut_requests_after = None
    assert s3.get(topic.video, as_="admin").content == video(5)
    invariants.check(s3, store)
    assert keys() == before
    assert uploaded(upload(s3, topic))


def timed(clock: AwakeClock, ask: Callable[[], httpx2.Response]) -> float:
    """Return how many seconds a request took that is refused because the bucket hangs."""
    started = clock()
    refused(ask(), 503, "SERVICE_UNAVAILABLE")
    return clock() - started


def test_a_bucket_that_says_nothing(
    s3: Server, topic: Topic, network: TcpProxy, store: S3Store, awake: AwakeClock
) -> None:
    document = uploaded(upload(s3, topic))
    films = [add_topic(s3) for _ in range(2)]
    path = tus.begun(tus.create(s3, 10, tus.plan(topic)))
    asking: list[Callable[[], httpx2.Response]] = [
        lambda: s3.get(document["url"], as_="admin"),
        lambda: upload(s3, topic),
        lambda: upload(s3, topic, "a.docx", sample("docx")),
        lambda: put_video(s3, films[0]),
        lambda: put_video(s3, films[1], video(12 * MIB)),
        lambda: tus.append(s3, path, 0, b"1234567890"),
    ]
    network.stalled = True
    try:
        with ThreadPoolExecutor(len(asking)) as threads:
            took = list(threads.map(partial(timed, awake), asking))
    finally:
        network.stalled = False
    assert max(took) < 25, took
    network.drop()
    assert s3.get(document["url"], as_="admin").status_code == 200
    assert tus.append(s3, path, 0, b"1234567890").status_code == 204
    invariants.check(s3, store)


@pytest.fixture
def film(s3: Server, topic: Topic) -> dict[str, Any]:
    return uploaded(put_video(s3, topic, video(16 * MIB)))


def test_a_bucket_that_breaks_down_during_a_download(
    s3: Server, topic: Topic, film: dict[str, Any], network: TcpProxy
) -> None:
    network.drop()
    assert s3.get(topic.video, as_="admin", headers={"Range": "bytes=0-9"}).status_code == 206
    network.refuse()  # the connection that was just made is the last one
    network.cut_answers_after = 6 * MIB
    try:
        received = read_until_it_breaks(s3, topic)
        assert 0 < received < film["size"]
    finally:
        network.cut_answers_after = None
        network.accept()
    assert len(s3.get(topic.video, as_="admin").content) == film["size"]


def read_until_it_breaks(s3: Server, topic: Topic) -> int:
    """How many bytes came before the connection was closed in the middle."""
    received = 0
    with httpx2.stream(
        "GET", s3.url + topic.video, headers=s3.headers("admin"), timeout=60
    ) as response:
        assert response.status_code == 200
        try:
            for chunk in response.iter_bytes():
                assert b'"success"' not in chunk
                received += len(chunk)
        except httpx2.RemoteProtocolError:
            return received
    raise AssertionError("the answer came to its end")


def test_who_leaves_early_frees_the_connection(
    s3: Server, topic: Topic, film: dict[str, Any], network: TcpProxy
) -> None:
    authorization = f"Authorization: {s3.headers('admin')['Authorization']}"
    for _ in range(30):
        with connection(s3) as reading:
            reading.send(head(topic.video, authorization))
            assert reading.socket.recv(1000)
    eventually(lambda: network.open_connections <= 5)
    assert s3.get(topic.video, as_="admin").status_code == 200
