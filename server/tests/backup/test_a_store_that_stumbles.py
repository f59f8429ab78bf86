"""A store that fails now and then breaks no backup; an unavailable store is reported."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

from akako.backends.objects.folder_store import FolderStore
from akako.backup import saving
from akako.backup.archive import ArchiveError
from akako.backup.progress import Progress
from akako.kernel.core.errors import ServiceUnavailable
from tests.backup.school import contents, restore, save
from tests.factories import create_document, create_subject, create_topic, create_user
from tests.library.school import sha256

CONTENT = bytes(range(256)) * 20_000  # five chunks
KEY = "documents/one/two"


class Stumbling(FolderStore):
    """Breaks off after every chunk, `most` times at the most."""

    most = 100

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        async for chunk in super().read(key, start, end):
            yield chunk
            if self.most:
                self.most -= 1
                raise ServiceUnavailable


class Silent(FolderStore):
    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        if start >= 0:
            raise ServiceUnavailable
        yield b""


@pytest.fixture
def url(new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A school of one document."""
    monkeypatch.setattr(saving, "PAUSE_SECONDS", 0.001)
    database = new_database()
    with psycopg.connect(database, autocommit=True) as db:
        topic = create_topic(db, subject_id=create_subject(db).id)
        create_document(
            db,
            topic_id=topic.id,
            user_id=create_user(db).id,
            key=KEY,
            size=len(CONTENT),
            sha256=sha256(CONTENT),
        )

    async def content() -> AsyncIterator[bytes]:
        yield CONTENT

    asyncio.run(FolderStore(tmp_path / "files").put(KEY, content()))
    return database


def test_reading_goes_on_where_it_broke_off(
    url: str, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    archive, end = save(url, Stumbling(tmp_path / "files"))
    assert (end.files, end.missing, end.damaged) == (1, [], [])
    copy = FolderStore(tmp_path / "copy")
    restore(archive, new_database(), copy)
    assert contents(copy) == {KEY: CONTENT}


def test_an_unavailable_store_is_reported(url: str, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="AKAKO_STORAGE_URL"):
        save(url, Silent(tmp_path / "files"))


class Full(io.BytesIO):
    def write(self, content: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_reported(url: str, tmp_path: Path) -> None:
    saved = saving.save(Full(), url, FolderStore(tmp_path / "files"), Progress())
    with pytest.raises(ArchiveError, match="cannot be written: No space left on device"):
        asyncio.run(saved)


class Failing(FolderStore):
    """Takes one file and no more."""

    taken = 0

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        self.taken += 1
        if self.taken > 1:
            raise ServiceUnavailable
        return await super().put(key, chunks)


def test_a_restore_that_the_store_breaks_leaves_no_file(
    url: str, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "update topics set video_key = 'videos/a/b', video_size = %s, video_sha256 = %s",
            (len(CONTENT), sha256(CONTENT)),
        )
    (tmp_path / "files/videos/a").mkdir(parents=True)
    (tmp_path / "files/videos/a/b").write_bytes(CONTENT)
    archive, end = save(url, FolderStore(tmp_path / "files"))
    assert end.files == 2
    store = Failing(tmp_path / "copy")
    with pytest.raises(ArchiveError, match="AKAKO_STORAGE_URL"):
        restore(archive, new_database(), store)
    assert contents(store) == {}
