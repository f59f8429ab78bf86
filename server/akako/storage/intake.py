"""Receive a file: write it to the store while it is counted, hashed and inspected.

Before the first byte, a row names the object that will be written, so that the sweeper can find it
after a crash. After an error the object is removed at once, or later by the sweeper.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from typing import BinaryIO

import msgspec
import structlog

from akako.filetypes.kinds import Inspector, Kind
from akako.filetypes.names import display_name
from akako.kernel.core.errors import (
    RequestTimeout,
    ServiceUnavailable,
    ValidationFailed,
)
from akako.kernel.core.ids import new_id
from akako.kernel.core.ports import ObjectStore
from akako.kernel.db.confirmed import unconfirmed
from akako.kernel.db.database import AWAY, Database
from akako.kernel.files import disk
from akako.kernel.files.space import RESERVE, Reserve
from akako.storage import queries
from akako.storage.digest import Digest
from akako.storage.multipart import FilePart

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 60.0
IDLE_SECONDS = 30.0
MINIMUM_RATE = 1024  # bytes per second, over the whole upload after a first minute
PATIENCE_SECONDS = 60.0


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is completely stored, checked and hashed.

    `size` is in bytes. `charset` is a text's encoding if it is certain.
    """

    key: str
    file_name: str
    mime_type: str
    size: int
    sha256: str
    charset: str | None = None


def new_key(folder: str) -> str:
    """Return a new storage key, without any input of a client."""
    return f"{folder}/{new_id()}/{new_id()}"


async def patient(
    chunks: AsyncIterator[bytes], *, total_seconds: float, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[bytes]:
    """Yield the chunks as they arrive.

    Raises RequestTimeout for a client that stalls, sends too slowly, or needs more than
    `total_seconds` for everything.
    """
    started, received = time.monotonic(), 0
    source = aiter(chunks)
    while True:
        try:
            left = started + total_seconds - time.monotonic()
            async with asyncio.timeout(min(idle_seconds, left)):
                chunk = await anext(source)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RequestTimeout from None
        received += len(chunk)
        elapsed = time.monotonic() - started
        if elapsed > PATIENCE_SECONDS and received < elapsed * MINIMUM_RATE:
            raise RequestTimeout
        yield chunk


class Intake:
    """One incoming file. Call `take`, then commit the result or call `give_up`."""

    def __init__(
        self,
        db: Database,
        store: ObjectStore,
        quota_subject: str,
        folder: str,
        reserve: Reserve = RESERVE,
    ) -> None:
        self.key = new_key(folder)
        self._db = db
        self._store = store
        self._subject = quota_subject
        self._reserve = reserve  # of the disk that holds temporary files
        self._size = 0
        self._digest = Digest()
        self._beat = time.monotonic()

    async def take(self, part: FilePart, kinds: tuple[Kind, ...]) -> StoredFile:
        """Store the file of a form part. Nothing is stored after an error.

        Raises ValidationFailed (no file name, empty file), UnsupportedMediaType, and the errors of
        reading and storing.
        """
        name = display_name(part.filename)
        if not name:
            raise ValidationFailed.of(part.name, "A file name is required")
        inspector = Inspector(kinds, name, part.content_type)
        await queries.announce_object(self._db, self.key, self._subject)
        try:
            with tempfile.TemporaryFile() as spool:
                needed = spool if inspector.needs_spool else None
                chunks = self._watched(part.chunks, inspector, needed)
                stored = await self._store.put(self.key, chunks)
                if self._size == 0:
                    raise ValidationFailed.of(part.name, "The file is empty")
                kind = await asyncio.to_thread(inspector.finish, needed)
                sha256 = await self._digest.hexdigest()
            if stored != self._size:
                log.error("stored_size_differs", expected=self._size, stored=stored)
                raise ServiceUnavailable
        except BaseException:
            await asyncio.shield(give_up(self._db, self._store, self.key))
            raise
        return StoredFile(
            key=self.key,
            file_name=name,
            mime_type=kind.mime,
            size=self._size,
            sha256=sha256,
            charset=inspector.charset,
        )

    async def _watched(
        self, chunks: AsyncIterator[bytes], inspector: Inspector, spool: BinaryIO | None
    ) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self._size += len(chunk)
            await self._digest.feed(chunk)
            inspector.feed(chunk)
            if spool:
                await disk.run(_spool, spool, chunk, self._reserve)
            await self._show_life()
            yield chunk

    async def _show_life(self) -> None:
        if time.monotonic() - self._beat > HEARTBEAT_SECONDS:
            self._beat = time.monotonic()
            await queries.show_life(self._db, self.key)


async def give_up(db: Database, store: ObjectStore, key: str) -> None:
    """Remove an announced object. If that fails, the sweeper removes it.

    An object without a pending row stays: a transaction with unknown outcome has adopted it.
    """
    try:
        await queries.abandon_object(db, key)
        async with unconfirmed(db).transaction() as tx:
            if await queries.forget_object(tx, key):
                await store.delete(key)
    except (ServiceUnavailable, *AWAY):
        log.warning("removal_left_to_sweeper")


def _spool(spool: BinaryIO, chunk: bytes, reserve: Reserve) -> None:
    reserve.require(spool.fileno(), len(chunk))
    spool.write(chunk)
