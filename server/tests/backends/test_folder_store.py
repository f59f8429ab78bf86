"""What is special about objects in a folder."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from akako.backends.objects.folder_store import INCOMING, FolderStore
from akako.kernel.core.errors import ServiceUnavailable

MEGABYTE = 1024 * 1024


async def content(size: int) -> AsyncIterator[bytes]:
    yield b"x" * size


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Writes beyond this size fail, much like on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_full_disk(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with files_limited_to(MEGABYTE), pytest.raises(ServiceUnavailable):
        await store.put("a", content(3 * MEGABYTE))
    assert files(tmp_path) == []
    assert await store.put("a", content(3 * MEGABYTE)) == 3 * MEGABYTE


async def test_a_folder_that_fails(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "objects")
    await store.put("taken", content(1))
    with pytest.raises(ServiceUnavailable):
        await store.put("taken/a", content(1))
    (tmp_path / "objects" / INCOMING).rmdir()
    (tmp_path / "objects" / INCOMING).touch()
    with pytest.raises(ServiceUnavailable):
        await store.put("a", content(1))


async def test_a_running_download_outlives_the_deletion(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("a", content(3 * MEGABYTE))
    chunks = store.read("a", 0, 3 * MEGABYTE)
    sizes = [len(await anext(chunks))]
    await store.delete("a")
    sizes += [len(chunk) async for chunk in chunks]
    assert sum(sizes) == 3 * MEGABYTE


@pytest.mark.parametrize("cached", [True, False])
async def test_chunks_from_memory_and_from_the_disk_are_the_file(
    tmp_path: Path, cached: bool
) -> None:
    store, data = FolderStore(tmp_path), os.urandom(3 * MEGABYTE + 1)
    await store.put("a", pieces(data))
    path = Path(store.local_path("a") or "")
    with path.open("rb") as file:
        assert not cached or file.read() == data
        if not cached:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert b"".join([chunk async for chunk in store.read("a", 1, len(data))]) == data[1:]


async def test_other_tasks_run_between_the_chunks(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("a", content(3 * MEGABYTE))
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    seen = [turns async for _ in store.read("a", 0, 3 * MEGABYTE)]
    counting.cancel()
    assert all(earlier < later for earlier, later in pairwise(seen))


async def test_an_abandoned_download_closes_its_file(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("a", content(3 * MEGABYTE))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        chunks = store.read("a", 0, 3 * MEGABYTE)
        await anext(chunks)
        await chunks.aclose()
    assert len(os.listdir("/proc/self/fd")) <= before + 5


async def test_what_dead_processes_left_is_removed_by_the_next_put(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    old, living = tmp_path / INCOMING / "old", tmp_path / INCOMING / "living"
    for path in (old, living):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert [each async for each in store.list()] == []
    await store.put("a", content(1))
    assert not old.exists()
    assert living.exists()


async def test_empty_folders_go_with_their_last_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("documents/t/d/x", content(1))
    await store.put("documents/t/e/y", content(1))
    await store.delete("documents/t/d/x")
    assert not (tmp_path / "documents/t/d").exists()
    await store.delete("documents/t/e/y")
    assert not (tmp_path / "documents").exists()
    assert tmp_path.exists()


async def test_the_path_for_sending_without_copies(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("a/b", content(5))
    path = store.local_path("a/b")
    assert path is not None
    assert Path(path).read_bytes() == b"xxxxx"
    with pytest.raises(ValueError, match="plain names"):
        store.local_path("../a")
