"""Pieces that stall, and a store that fails when the last one is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from akako.backends.database.pool import Pool
from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import RequestTimeout, ServiceUnavailable
from akako.kernel.http.context import ClientGone
from akako.storage import intake
from akako.uploads import appending, service
from akako.uploads.appending import Checksum, Piece, append
from akako.uploads.queries import StoredUpload
from akako.uploads.schemas import Plan
from akako.uploads.service import Limits
from tests.library.school import MIB, Topic, add_topic, objects, pending, trace
from tests.parts.server import Server

SIZE = 20 * MIB
LIMITS = Limits(file=SIZE, unfinished=50 * SIZE)


@pytest.fixture
async def db(api: Server) -> AsyncIterator[Pool]:
    assert api.database_url
    pool = Pool(api.database_url, size=2)
    yield pool
    await pool.close()


@pytest.fixture
def actor(api: Server) -> Actor:
    user_id = api.user_id("admin")
    return Actor(user_id=user_id, clerk_id="user_admin", roles=("ADMIN",), plan="ENTERPRISE")


@pytest.fixture
def topic(api: Server) -> Topic:
    return add_topic(api)


@pytest.fixture
def folder(api: Server) -> Path:
    return api.folder / "uploads"


@pytest.fixture
def store(api: Server) -> FolderStore:
    return FolderStore(api.folder / "files")


@pytest.fixture
async def upload(db: Pool, actor: Actor, topic: Topic) -> StoredUpload:
    plan = Plan(kind="document", topic_id=topic.id, filename="long.txt")
    return await service.begin(db, actor, plan=plan, metadata="", size=SIZE, limits=LIMITS)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "IDLE_SECONDS", 0.05)


async def text(size: int) -> AsyncIterator[bytes]:
    while size:
        piece = min(size, 65_536)
        size -= piece
        yield b"x" * piece


async def drain(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


async def stalling(size: int) -> AsyncIterator[bytes]:
    async for piece in text(size):
        yield piece
    await asyncio.Event().wait()


async def breaking(size: int) -> AsyncIterator[bytes]:
    async for piece in text(size):
        yield piece
    raise ClientGone


async def test_what_came_before_a_stall_counts(
    db: Pool, store: FolderStore, folder: Path, actor: Actor, upload: StoredUpload, impatient: None
) -> None:
    for at in range(0, 3_000_000, 1_000_000):
        piece = Piece(at, stalling(1_000_000))
        kept, _ = await append(db, store, folder, actor, upload.id, piece)
        assert kept.received == at + 1_000_000
    kept, _ = await append(db, store, folder, actor, upload.id, Piece(3_000_000, stalling(0)))
    assert kept.received == 3_000_000


async def test_with_a_checksum_it_does_not(
    db: Pool, store: FolderStore, folder: Path, actor: Actor, upload: StoredUpload, impatient: None
) -> None:
    for chunks, error in ((stalling(9 * MIB), RequestTimeout), (breaking(9 * MIB), ClientGone)):
        piece = Piece(0, chunks, Checksum("sha1", b"?"))
        with pytest.raises(error):
            await append(db, store, folder, actor, upload.id, piece)
        assert (await service.find(db, actor, upload.id)).received == 0


async def test_what_came_before_the_client_left_counts(
    db: Pool, store: FolderStore, folder: Path, actor: Actor, upload: StoredUpload
) -> None:
    expected = 0
    for size in (7 * MIB + 5, 9 * MIB, 100):
        with pytest.raises(ClientGone):
            await append(db, store, folder, actor, upload.id, Piece(expected, breaking(size)))
        expected += size
        assert (await service.find(db, actor, upload.id)).received == expected


async def test_a_long_piece_counts_as_it_grows(
    db: Pool, store: FolderStore, folder: Path, actor: Actor, upload: StoredUpload
) -> None:
    async def watched() -> AsyncIterator[bytes]:
        async for piece in text(SIZE):
            yield piece
        kept = await service.find(db, actor, upload.id)
        assert SIZE - 9 * MIB <= kept.received < SIZE
        assert (folder / upload.id).stat().st_size >= kept.received

    kept, _ = await append(db, store, folder, actor, upload.id, Piece(0, watched()))
    assert kept.received == SIZE
    assert kept.result_id


class Failing(FolderStore):
    """A store that is away once all bytes are there."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        async for _ in chunks:
            pass
        raise ServiceUnavailable


async def test_a_store_that_fails_at_the_end(
    api: Server, db: Pool, store: FolderStore, folder: Path, actor: Actor, upload: StoredUpload
) -> None:
    before = trace(api)
    failing = Failing(api.folder / "files")
    with pytest.raises(ServiceUnavailable):
        await append(db, failing, folder, actor, upload.id, Piece(0, text(SIZE)))
    assert trace(api) == before
    at = (await service.find(db, actor, upload.id)).received
    assert SIZE - 9 * MIB <= at < SIZE
    kept, _ = await append(db, store, folder, actor, upload.id, Piece(at, text(SIZE - at)))
    assert kept.received == SIZE
    assert b"x" * SIZE in objects(api).values()
    assert pending(api) == 0


async def test_a_stalled_form_is_given_up() -> None:
    with pytest.raises(RequestTimeout):
        async for _ in intake.patient(stalling(10), total_seconds=60, idle_seconds=0.05):
            pass
    assert [piece async for piece in intake.patient(text(10), total_seconds=60)] == [b"x" * 10]


async def test_a_trickle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b"x"

    monkeypatch.setattr(intake, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(RequestTimeout):
        async for _ in intake.patient(trickle(), total_seconds=60):
            pass
    monkeypatch.setattr(intake, "MINIMUM_RATE", 0.001)  # one byte is enough
    pieces = intake.patient(trickle(), total_seconds=60)
    assert [await anext(pieces) for _ in range(20)] == [b"x"] * 20
    await pieces.aclose()  # type: ignore[attr-defined]


async def test_a_form_that_takes_too_long_is_given_up() -> None:
    async def steady() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b"x" * MIB

    started = time.monotonic()
    pieces = intake.patient(steady(), total_seconds=0.5)
    with pytest.raises(RequestTimeout):
        await drain(pieces)
    assert 0.5 <= time.monotonic() - started < 10


async def test_a_piece_that_takes_too_long_counts_as_far_as_it_came(
    db: Pool, store: FolderStore, folder: Path, actor: Actor, upload: StoredUpload
) -> None:
    async def steady() -> AsyncIterator[bytes]:
        for _ in range(1000):
            await asyncio.sleep(0.05)
            yield b"x" * 1000

    kept, _ = await append(db, store, folder, actor, upload.id, Piece(0, steady(), seconds=0.5))
    assert 0 < kept.received < 100_000
