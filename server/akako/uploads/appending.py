"""Taking the next piece of an upload in, and making a document or video of the last one.

A byte counts once it is on the disk and its number in the table, in this order. The last bytes
count only with what they complete: an upload never seems finished without its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from akako.kernel.access import Actor
from akako.kernel.database import Database
from akako.kernel.errors import (
    Conflict,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)
from akako.kernel.files.multipart import FilePart
from akako.kernel.http.call import ClientGone
from akako.kernel.http.reply import Headers
from akako.kernel.ports import ObjectStore
from akako.library import service as library
from akako.library.schemas import DocumentMetadata
from akako.storage.intake import Intake, StoredFile, give_up, patient
from akako.uploads import landing, queries
from akako.uploads.landing import Landing
from akako.uploads.queries import Kept
from akako.uploads.refusals import ChecksumMismatch
from akako.uploads.service import KINDS, find, forget, look_up

WRITE_BYTES = 1024 * 1024
SAVE_BYTES = 8 * 1024 * 1024  # what a crash may cost the client
# A line that went silent is soon free for the same client's next attempt.
IDLE_SECONDS = 10.0


class Checksum(msgspec.Struct, frozen=True):
    """What a piece should hash to; then it counts as a whole or not at all."""

    algorithm: str
    digest: bytes


class Piece(msgspec.Struct, frozen=True):
    """Bytes as they arrive, and where in the file they belong."""

    offset: int
    chunks: AsyncIterator[bytes]
    checksum: Checksum | None = None


async def append(
    db: Database, store: ObjectStore, folder: Path, actor: Actor, upload_id: str, piece: Piece
) -> tuple[Kept, Headers]:
    """Add a piece, and with the last one finish. Return the new standing and quota headers.

    When the client stalls, what came so far is kept. Raise NotFound, Locked, Conflict (another
    offset), PayloadTooLarge, ChecksumMismatch, and with the last piece what an upload raises.
    """
    kept = await look_up(db, actor, folder, upload_id)
    if kept.result_id is not None:
        return _at(piece, kept), []
    async with landing.landing(folder, upload_id) as file:
        kept = _at(piece, await find(db, actor, upload_id))
        if kept.result_id is not None:
            return kept, []
        writer = _Writer(db, file, kept)
        try:
            complete = await writer.take(piece)
        except ClientGone:
            await writer.save()
            raise
        if not complete:
            return await writer.save(), []
        try:
            finished = await _finish(db, store, actor, kept, file)
        except UnsupportedMediaType:
            await forget(db, folder, upload_id)  # no repetition can help
            raise
        await landing.remove(folder, upload_id)
        return finished


def _at(piece: Piece, kept: Kept) -> Kept:
    """The upload, if it is where the piece belongs."""
    if piece.offset != kept.received:
        message = f"The upload continues at {kept.received}"
        raise Conflict("upload", "Upload-Offset", piece.offset, message)
    return kept


class _Writer:
    """Writes what arrives from where the upload stands."""

    def __init__(self, db: Database, file: Landing, kept: Kept) -> None:
        self._db = db
        self._file = file
        self._kept = kept
        self._at = kept.received  # the end of what is written
        self._waiting = bytearray()
        self._whole_only = False

    async def take(self, piece: Piece) -> bool:
        """Write a piece; return whether the file is complete."""
        given = piece.checksum
        self._whole_only = given is not None
        digest = hashlib.new(given.algorithm, usedforsecurity=False) if given else None
        try:
            async for chunk in patient(piece.chunks, idle_seconds=IDLE_SECONDS):
                if digest:
                    digest.update(chunk)
                await self._add(chunk)
        except RequestTimeout:
            if self._whole_only:
                raise
        if given and digest and digest.digest() != given.digest:
            raise ChecksumMismatch
        self._whole_only = False
        await self._flush()
        return self._at == self._kept.size

    async def _add(self, chunk: bytes) -> None:
        self._waiting += chunk
        if self._at + len(self._waiting) > self._kept.size:
            raise PayloadTooLarge(self._kept.size - self._kept.received)
        if len(self._waiting) >= WRITE_BYTES:
            await self._flush()
            if self._at - self._kept.received >= SAVE_BYTES:
                await self.save()

    async def _flush(self) -> None:
        data, self._waiting = bytes(self._waiting), bytearray()
        await self._file.write(data, self._at)
        self._at += len(data)

    async def save(self) -> Kept:
        """Make what is written count, unless it is to count as a whole, or is the very last."""
        await self._flush()
        if not self._whole_only and self._kept.received < self._at < self._kept.size:
            await self._file.sync()
            kept = await queries.advance(self._db, self._kept.id, self._at)
            if kept is None:
                raise NotFound("upload", self._kept.id)
            self._kept = kept
        return self._kept


async def _finish(
    db: Database, store: ObjectStore, actor: Actor, kept: Kept, file: Landing
) -> tuple[Kept, Headers]:
    """What the plain upload does, with the file instead of a form."""
    await library.writable_topic(db, actor, kept.topic_id)
    await library.check_upload(db, actor)
    intake = Intake(db, store, actor.subject, f"{kept.kind}s")
    part = FilePart("file", kept.file_name, kept.declared_type, file.read(kept.size))
    stored = await intake.take(part, KINDS[kept.kind])
    try:
        async with db.transaction() as tx:
            result_id, quota = await _adopt(tx, actor, kept, stored)
            finished = await queries.advance(tx, kept.id, kept.size, result_id=result_id)
            if finished is None:
                raise NotFound("upload", kept.id)
    except BaseException:
        await give_up(db, store, stored.key)
        raise
    return finished, quota


async def _adopt(tx: Database, actor: Actor, kept: Kept, stored: StoredFile) -> tuple[str, Headers]:
    """(the document's id or the video's topic, quota headers)"""
    if kept.kind == "video":
        _, _, quota = await library.put_video(tx, actor, kept.topic_id, stored, if_match=None)
        return kept.topic_id, quota
    metadata = DocumentMetadata(name=kept.name, description=kept.description)
    document, quota = await library.add_document(
        tx, actor, kept.topic_id, stored, metadata=metadata
    )
    return document.id, quota
