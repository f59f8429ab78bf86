"""A bucket that is slow, cut off, wrong or gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from akako.backends.objects.s3_store import S3Access, S3Store
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ports import ObjectStore
from tests.parts.seaweedfs import SeaweedFS, undone
from tests.parts.tcp_proxy import TcpProxy

MEGABYTE = 1024 * 1024
SIZE = 12 * MEGABYTE


@pytest.fixture
def impatient(seaweedfs: SeaweedFS, proxy: TcpProxy) -> S3Store:
    """The same, for tests in which nothing comes however long one waits."""
    access = seaweedfs.access(f"http://127.0.0.1:{proxy.port}")
    return S3Store(seaweedfs.url, access, answer_seconds=0.3, transfer_seconds=0.3)


async def content(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, MEGABYTE):
        yield b"x" * min(MEGABYTE, size - start)


async def drain(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


async def assert_unavailable(store: ObjectStore, within: float) -> None:
    """Every verb says so, each in bounded time."""
    for verb in (
        lambda: store.head("a"),
        lambda: anext(aiter(store.read("a", 0, 1))),
        lambda: store.put("b", content(10)),
        lambda: store.put("b", content(SIZE)),
        lambda: store.delete("b"),
        lambda: anext(aiter(store.list())),
    ):
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable):
            await verb()
        assert time.monotonic() - started < within


async def test_refused_and_back_again(store: S3Store, proxy: TcpProxy) -> None:
    await store.put("a", content(10))
    proxy.refuse()
    proxy.drop()
    await assert_unavailable(store, within=20)
    proxy.accept()
    assert await store.put("b", content(10)) == 10
    assert await store.head("a") is not None


async def test_silent(impatient: S3Store, store: S3Store, proxy: TcpProxy) -> None:
    proxy.stalled = True
    await assert_unavailable(impatient, within=20)
    proxy.stalled = False
    proxy.drop()
    assert await store.put("b", content(10)) == 10


async def test_a_store_that_takes_nothing_does_not_fill_the_memory(
    impatient: S3Store, proxy: TcpProxy
) -> None:
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            asked += MEGABYTE
            yield b"x" * MEGABYTE

    proxy.stalled = True
    with pytest.raises(ServiceUnavailable):
        await impatient.put("a", endless())
    assert asked <= 20 * MEGABYTE


async def test_an_upload_that_breaks_leaves_nothing(
    store: S3Store, proxy: TcpProxy, seaweedfs: SeaweedFS
) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        async for chunk in content(SIZE):
            yield chunk
        proxy.cut_requests_after = 1000

    with pytest.raises(ServiceUnavailable):
        await store.put("broken", breaking())
    proxy.cut_requests_after = None
    direct = S3Store(seaweedfs.url, seaweedfs.access())
    assert await direct.head("broken") is None


async def until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_an_upload_under_way_is_listed_by_its_key(seaweedfs: SeaweedFS) -> None:
    async def endless() -> AsyncIterator[bytes]:
        async for chunk in content(SIZE):
            yield chunk
        await asyncio.Event().wait()

    store = S3Store(seaweedfs.url, seaweedfs.access())
    putting = asyncio.create_task(store.put("listed", endless()))
    await until(lambda: len(seaweedfs.unfinished_uploads("listed")) == 1)
    assert seaweedfs.unfinished_uploads("other") == []
    putting.cancel()
    await asyncio.gather(putting, return_exceptions=True)
    await undone(store)
    assert seaweedfs.unfinished_uploads("listed") == []


WAITS = (0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)


async def test_an_upload_cancelled_at_any_moment_leaves_nothing(seaweedfs: SeaweedFS) -> None:
    store = S3Store(seaweedfs.url, seaweedfs.access())
    for wait in WAITS:
        putting = asyncio.create_task(store.put("cancelled", content(SIZE)))
        await asyncio.wait([putting], timeout=wait)
        cancelled = putting.cancel()
        await asyncio.gather(putting, return_exceptions=True)
        await undone(store)
        assert seaweedfs.unfinished_uploads("cancelled") == [], wait
        assert not cancelled or await store.head("cancelled") is None


async def test_an_upload_cancelled_while_it_is_being_opened_is_aborted(
    seaweedfs: SeaweedFS, proxy: TcpProxy
) -> None:
    access = seaweedfs.access(f"http://127.0.0.1:{proxy.port}")
    store = S3Store(seaweedfs.url, access, answer_seconds=0.3)
    proxy.delay = 1.0  # the bucket hears of the upload, and the upload's name is long on its way
    putting = asyncio.create_task(store.put("opening", content(SIZE)))
    await until(lambda: proxy.accepted > 0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert store.undoing
    proxy.delay = 0
    await undone(store)
    assert seaweedfs.unfinished_uploads("opening") == []
    assert await store.head("opening") is None


async def test_a_download_that_breaks_is_never_short(store: S3Store, proxy: TcpProxy) -> None:
    await store.put("a", content(SIZE))
    chunks = store.read("a", 0, SIZE)
    await anext(chunks)
    proxy.refuse()
    proxy.drop()
    with pytest.raises(ServiceUnavailable):
        await drain(chunks)


async def test_a_download_that_stops_is_given_up(
    store: S3Store, seaweedfs: SeaweedFS, proxy: TcpProxy
) -> None:
    await store.put("a", content(SIZE))
    access = seaweedfs.access(f"http://127.0.0.1:{proxy.port}")
    chunks = S3Store(seaweedfs.url, access, transfer_seconds=1).read("a", 0, SIZE)
    await anext(chunks)
    proxy.stalled = True
    started = time.monotonic()
    with pytest.raises(ServiceUnavailable):
        await drain(chunks)
    assert time.monotonic() - started < 20


async def test_a_listener_may_pause_longer_than_the_store(
    store: S3Store, seaweedfs: SeaweedFS
) -> None:
    await store.put("a", content(SIZE))
    chunks = S3Store(seaweedfs.url, seaweedfs.access(), transfer_seconds=1).read("a", 0, SIZE)
    received, started = len(await anext(chunks)), time.monotonic()
    while time.monotonic() - started < 1.5:
        await store.head("a")
    received += sum([len(chunk) async for chunk in chunks])
    assert received == SIZE


async def test_abandoned_downloads_release_their_connections(
    store: S3Store, proxy: TcpProxy
) -> None:
    await store.put("a", content(SIZE))
    for _ in range(100):
        chunks = store.read("a", 0, SIZE)
        await anext(chunks)
        await chunks.aclose()
    deadline = time.monotonic() + 20
    while proxy.open_connections > 10 and time.monotonic() < deadline:
        await store.head("a")
    assert proxy.open_connections <= 10


async def test_a_slow_line_is_not_a_broken_one(store: S3Store, proxy: TcpProxy) -> None:
    proxy.delay = 0.02
    assert await store.put("a", content(MEGABYTE)) == MEGABYTE
    assert len(b"".join([chunk async for chunk in store.read("a", 0, MEGABYTE)])) == MEGABYTE


async def test_another_bucket_and_other_keys(seaweedfs: SeaweedFS) -> None:
    for store in (
        S3Store("s3://no-such-bucket", seaweedfs.access()),
        S3Store(seaweedfs.url, S3Access(seaweedfs.endpoint, None, "test-key", "wrong")),
    ):
        with pytest.raises(ServiceUnavailable):
            await store.put("a", content(10))
        with pytest.raises(ServiceUnavailable):
            await store.put("a", content(SIZE))
        with pytest.raises(ServiceUnavailable):
            await anext(aiter(store.list()))


async def test_paused_and_killed(seaweedfs: SeaweedFS) -> None:
    store = S3Store(seaweedfs.url, seaweedfs.access())
    await store.put("kept", content(SIZE))
    seaweedfs.pause()
    with pytest.raises(ServiceUnavailable):
        await S3Store(seaweedfs.url, seaweedfs.access(), answer_seconds=0.3).head("kept")
    seaweedfs.stop()
    with pytest.raises(ServiceUnavailable):
        await store.head("kept")
    seaweedfs.start()
    stored = await store.head("kept")
    assert stored is not None
    assert stored.size == SIZE


@pytest.mark.parametrize(
    "endpoint", ["http://s3.example.org", "http://10.0.0.5:9000", "ftp://a", "a:1"]
)
def test_plain_http_never_leaves_this_machine(endpoint: str) -> None:
    with pytest.raises(ValueError, match="https"):
        S3Store("s3://bucket", S3Access(endpoint=endpoint))


@pytest.mark.parametrize(
    "endpoint", [None, "https://s3.example.org", "http://localhost:1", "http://[::1]:1"]
)
def test_endpoints_that_may_be_used(endpoint: str | None) -> None:
    assert S3Store("s3://bucket/prefix", S3Access(endpoint=endpoint)).local_path("a") is None
