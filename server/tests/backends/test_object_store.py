"""What every object store promises, on a folder and on a real S3."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path

import pytest

from akako.backends.objects.object_store import open_store
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ids import new_id
from akako.kernel.core.ports import ObjectStore
from tests.parts.seaweedfs import SeaweedFS, start_seaweedfs, undone

MEGABYTE = 1024 * 1024
WAIT_SECONDS = 30.0


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    running = start_seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    yield running
    running.stop()


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.processes)])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[ObjectStore, None]:
    """An empty store."""
    if request.param == "folder":
        opened = open_store(tmp_path / "objects")
    else:
        running: SeaweedFS = request.getfixturevalue("seaweedfs")
        opened = open_store(f"{running.url}/{new_id()}", running.access())
    yield opened
    await opened.close()


async def stream(content: bytes, step: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), step):
        yield content[start : start + step]


async def failing(content: bytes, error: BaseException) -> AsyncIterator[bytes]:
    async for chunk in stream(content):
        yield chunk
    raise error


async def read(store: ObjectStore, key: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start, end)])


async def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return sorted([each.key async for each in store.list(prefix)])


def noise(size: int) -> bytes:
    return hashlib.shake_128(b"noise").digest(size)


@pytest.mark.parametrize(
    "size", [0, 1, MEGABYTE - 1, MEGABYTE, 5 * MEGABYTE, 5 * MEGABYTE + 1, 12 * MEGABYTE]
)
async def test_what_is_put_is_read(store: ObjectStore, size: int) -> None:
    content = noise(size)
    before = time.time()
    assert await store.put("documents/t1/d1/x", stream(content)) == size
    stored = await store.head("documents/t1/d1/x")
    assert stored is not None
    assert (stored.key, stored.size) == ("documents/t1/d1/x", size)
    assert abs(stored.modified_at - before) < 60
    assert await read(store, "documents/t1/d1/x", 0, size) == content


async def test_parts_are_read(store: ObjectStore) -> None:
    content = noise(3 * MEGABYTE)
    await store.put("a", stream(content))
    edges = (0, 1, MEGABYTE - 1, MEGABYTE, 2 * MEGABYTE + 7, len(content) - 1, len(content))
    for start in edges:
        for end in edges:
            if start <= end:
                assert await read(store, "a", start, end) == content[start:end]


async def test_large_objects_come_in_chunks(store: ObjectStore) -> None:
    await store.put("a", stream(noise(8 * MEGABYTE)))
    sizes = [len(chunk) async for chunk in store.read("a", 0, 8 * MEGABYTE)]
    assert sum(sizes) == 8 * MEGABYTE
    assert max(sizes) <= 2 * MEGABYTE


async def test_what_is_missing(store: ObjectStore) -> None:
    await store.put("folder/a", stream(b"1"))
    for key in ("nothing", "folder", "folder/b", "folder/a/b"):
        assert await store.head(key) is None
        for start, end in ((0, 1), (0, 0)):
            with pytest.raises(FileNotFoundError):
                await anext(aiter(store.read(key, start, end)))


async def test_reading_past_the_end_is_never_a_short_success(store: ObjectStore) -> None:
    await store.put("a", stream(b"12345"))
    for start, end in ((0, 6), (4, 10), (5, 6), (90, 99)):
        with pytest.raises(ServiceUnavailable):
            await read(store, "a", start, end)


async def test_deleting_twice(store: ObjectStore) -> None:
    await store.put("a/b", stream(b"1"))
    await store.put("a/c", stream(b"2"))
    await store.delete("a/b")
    await store.delete("a/b")
    await store.delete("a")
    await store.delete("a/c/d")
    await store.delete("never/was")
    assert await keys(store) == ["a/c"]


async def test_a_later_put_replaces(store: ObjectStore) -> None:
    await store.put("a", stream(b"old and long"))
    await store.put("a", stream(b"new"))
    assert await read(store, "a", 0, 3) == b"new"
    assert await keys(store) == ["a"]


@pytest.mark.parametrize("size", [10, 3 * MEGABYTE, 12 * MEGABYTE])
async def test_a_failing_source_leaves_what_was_there(store: ObjectStore, size: int) -> None:
    await store.put("a", stream(b"old"))
    for key in ("a", "b"):
        with pytest.raises(KeyError, match="the source's own"):
            await store.put(key, failing(noise(size), KeyError("the source's own")))
    assert await keys(store) == ["a"]
    assert await read(store, "a", 0, 3) == b"old"


@pytest.mark.parametrize("size", [10, 12 * MEGABYTE])
async def test_a_cancelled_put_leaves_nothing(store: ObjectStore, size: int) -> None:
    sent = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        async for chunk in stream(noise(size)):
            yield chunk
        sent.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(store.put("a", endless()))
    await asyncio.wait_for(sent.wait(), WAIT_SECONDS)
    assert await keys(store) == []
    assert await store.head("a") is None
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await keys(store) == []


async def test_a_put_cancelled_at_any_moment_is_whole_or_absent(store: ObjectStore) -> None:
    content = noise(6 * MEGABYTE)
    for wait in (0, 0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16):
        putting = asyncio.create_task(store.put("a", stream(content)))
        await asyncio.wait([putting], timeout=wait)
        was_done = putting.done()
        putting.cancel()
        await asyncio.gather(putting, return_exceptions=True)
        await undone(store)
        assert await keys(store) == (["a"] if was_done else [])
        await store.delete("a")


async def test_nothing_of_a_failed_put_stays_behind(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    folder, bucket = open_store(tmp_path), open_store(seaweedfs.url, seaweedfs.access())
    for store in (folder, bucket):
        with pytest.raises(KeyError):
            await store.put("left/over", failing(noise(12 * MEGABYTE), KeyError()))
        await undone(store)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert seaweedfs.unfinished_uploads() == []


async def test_listing_by_prefix(store: ObjectStore) -> None:
    for key in ("a/1", "a/b/2", "ab/3", "a.4", "5"):
        await store.put(key, stream(key.encode()))
    assert await keys(store) == ["5", "a.4", "a/1", "a/b/2", "ab/3"]
    assert await keys(store, "a") == await keys(store, "a/") == ["a/1", "a/b/2"]
    assert await keys(store, "a/b") == ["a/b/2"]
    assert await keys(store, "nothing") == []
    assert {each.key: each.size async for each in store.list("ab")} == {"ab/3": 4}


async def test_listing_more_than_a_page(store: ObjectStore) -> None:
    names = [f"many/{number:04}" for number in range(1_050)]
    free = asyncio.Semaphore(50)

    async def put(name: str) -> None:
        async with free:
            await store.put(name, stream(b"1"))

    await asyncio.gather(*map(put, names))
    assert await keys(store, "many") == names


@pytest.mark.parametrize(
    "key",
    ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".a", "a\\b", "a\0", "a b", "ä", "a#1"],
)
async def test_keys_that_could_mean_another_place(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="plain names"):
        await store.put(key, stream(b"1"))
    with pytest.raises(ValueError, match="plain names"):
        await store.head(key)
    with pytest.raises(ValueError, match="plain names"):
        await read(store, key, 0, 1)
    with pytest.raises(ValueError, match="plain names"):
        await store.delete(key)


async def test_many_at_once(store: ObjectStore) -> None:
    contents = {f"many/{number}": noise(100_000 + number) for number in range(40)}
    await asyncio.gather(*(store.put(key, stream(each)) for key, each in contents.items()))
    found = await asyncio.gather(
        *(read(store, key, 0, len(each)) for key, each in contents.items())
    )
    assert found == list(contents.values())


@pytest.mark.parametrize("location", ["s3://", "s3:///prefix", "http://bucket", "gs://bucket"])
def test_locations_that_cannot_be_used(location: str) -> None:
    with pytest.raises(ValueError, match="bucket"):
        open_store(location)
