"""No upload uses the space that is reserved for the database on the same disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.errors import StorageFull
from akako.kernel.files.space import RESERVE, RESERVE_BYTES, Reserve
from akako.uploads import landing
from tests.faults import invariants
from tests.http import raw
from tests.library.school import (
    MIB,
    UPLOAD,
    Topic,
    add_topic,
    form,
    put_video,
    refused,
    sample,
    send_form,
    trace,
    upload,
)
from tests.parts.server import Server
from tests.uploads import tus


@pytest.fixture(scope="module")
def full(start_server: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server whose disk always has less free space than its reserve."""
    size = shutil.disk_usage(tmp_path_factory.getbasetemp()).total
    return start_server({"AKAKO_RESERVE_BYTES": str(size)})


def test_by_default_it_is_512_mib_or_a_twentieth_of_the_disk(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free, size = (blocks * disk.f_frsize for blocks in (disk.f_bavail, disk.f_blocks))
    kept = min(512 * MIB, size // 20)
    RESERVE.require(tmp_path)
    with pytest.raises(StorageFull):
        RESERVE.require(tmp_path, free - kept + 500 * MIB)
    assert RESERVE_BYTES == 512 * MIB


def test_an_open_file_tells_its_disk_too(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        Reserve(1).require(file.fileno(), 1)
        with pytest.raises(StorageFull):
            Reserve(2**60).require(file.fileno())


@pytest.fixture
def lesson(full: Server) -> Iterator[Topic]:
    """A topic of the full server; nothing comes of what is uploaded to it."""
    before = trace(full)
    yield add_topic(full)
    assert trace(full) == before
    invariants.check(full)


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"x"), ("a.docx", sample("docx"))])
def test_a_document(full: Server, lesson: Topic, name: str, content: bytes) -> None:
    assert refused(upload(full, lesson, name, content), 507, "STORAGE_FULL") == {}


def test_a_video(full: Server, lesson: Topic) -> None:
    assert refused(put_video(full, lesson), 507, "STORAGE_FULL") == {}


def test_a_resumable_upload(full: Server, lesson: Topic) -> None:
    for metadata in (tus.plan(lesson), tus.video_plan(lesson)):
        refused(tus.create(full, 10, metadata), 507, "STORAGE_FULL")
    assert tus.files(full) == {}
    assert full.get(lesson.documents, as_="admin").status_code == 200


def test_a_form_of_unknown_length(full: Server, lesson: Topic) -> None:
    parts = [('name="topicId"', lesson.id.encode()), ('name="file"; filename="a.txt"', b"x")]
    refused(send_form(full, iter([form(parts)])), 507, "STORAGE_FULL")


def test_it_is_refused_before_the_body_is_sent(full: Server, lesson: Topic) -> None:
    lines = [
        f"Authorization: {full.headers('admin')['Authorization']}",
        "Content-Type: multipart/form-data; boundary=frontier",
        f"Content-Length: {MIB}",
        "Expect: 100-continue",
    ]
    with raw.connection(full) as connected:
        connected.send(raw.head(UPLOAD, *lines, method="POST"))
        refused(connected.receive(), 507, "STORAGE_FULL")


async def test_the_size_that_is_declared_counts(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.require_space(MIB)
    with pytest.raises(StorageFull):
        await store.require_space(2**60)
    with pytest.raises(StorageFull):
        await landing.require_space(tmp_path / "uploads", RESERVE, 2**60)


async def test_the_store_stops_in_the_middle(tmp_path: Path) -> None:
    """Bytes whose number was not declared are counted as they come."""

    async def content() -> AsyncIterator[bytes]:
        yield b"x" * MIB

    with pytest.raises(StorageFull):
        await FolderStore(tmp_path, reserve=Reserve(2**60)).put("a", content())
    store = FolderStore(tmp_path)
    assert await store.head("a") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_room_that_is_gone_when_a_piece_comes(tmp_path: Path) -> None:
    async with landing.landing(tmp_path, "a") as file:
        await file.write(b"12345", 0)
    async with landing.landing(tmp_path, "a", Reserve(2**60)) as file:
        with pytest.raises(StorageFull):
            await file.write(b"67890", 5)
    assert await landing.size_of(tmp_path, "a") == 5
