"""Append a piece to an upload; the last piece creates the document or video.

Bytes count after they are synced to the disk and then recorded in the table. The last bytes count
only together with the result: an upload is never finished without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from akako.filetypes.formats.signatures import HEAD_BYTES
from akako.filetypes.kinds import EARLY_BYTES, Inspector
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import (
    Conflict,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    StorageFull,
    UnsupportedMediaType,
)
from akako.kernel.core.ports import ObjectStore
from akako.kernel.db.database import Database
from akako.kernel.files.space import RESERVE, Reserve
from akako.kernel.http.context import ClientGone
from akako.kernel.http.responses import Headers
from akako.library import service as library
from akako.library.media import MEDIUMS
from akako.library.schemas import DocumentMetadata
from akako.storage.intake import Intake, StoredFile, give_up, patient
from akako.storage.multipart import FilePart
from akako.uploads import landing, queries
from akako.uploads.landing import Landing
from akako.uploads.queries import StoredUpload
from akako.uploads.service import find, forget, look_up
from akako.uploads.tus.refusals import ChecksumMismatch

WRITE_BYTES = 1024 * 1024
SAVE_BYTES = 8 * 1024 * 1024  # bytes that a client may have to send again after a crash
# A silent connection soon releases the upload for the client's next attempt.
IDLE_SECONDS = 10.0


class Checksum(msgspec.Struct, frozen=True):
    """The expected hash of a piece. Such a piece counts completely or not at all."""

    algorithm: str
    digest: bytes


class Piece(msgspec.Struct, frozen=True):
    """The bytes of a request, and their offset in the file."""

    offset: int
    chunks: AsyncIterator[bytes]
    checksum: Checksum | None = None
    seconds: float = 3600.0  # time limit of the whole piece


async def append(
    db: Database,
    store: ObjectStore,
    folder: Path,
    actor: Actor,
    upload_id: str,
    piece: Piece,
    *,
    reserve: Reserve = RESERVE,
) -> tuple[StoredUpload, Headers]:
    """Add a piece, and with the last one finish. Return the upload and quota headers.

    When the client stalls, the bytes received so far count. The caller's right to change the topic
    is checked before the first byte, whenever bytes begin to count, and with the last one.

    Raises:
        NotFound, Unauthorized, Forbidden: The upload or topic is gone, or not the caller's now.
        Locked: Another request is writing the upload.
        Conflict: The upload continues at another offset.
        PayloadTooLarge, ChecksumMismatch, StorageFull: The piece cannot be added.
        UnsupportedMediaType: The file is not of its declared type. The upload is removed.
    """
    upload = await look_up(db, actor, folder, upload_id)
    if upload.result_id is not None:
        return _at(piece, upload), []
    await library.require_writable(db, actor, upload.topic_id)
    async with landing.landing(folder, upload_id, reserve) as file:
        upload = _at(piece, await find(db, actor, upload_id))
        if upload.result_id is not None:
            return upload, []
        writer = _Writer(db, actor, file, upload)
        try:
            complete = await _taken(writer, piece)
            if not complete:
                return await writer.save(), []
            finished = await _finish(db, store, actor, upload, file, reserve)
        except UnsupportedMediaType:
            await forget(db, folder, upload_id)  # a retry cannot succeed
            raise
        await landing.remove(folder, upload_id)
        return finished


async def _taken(writer: _Writer, piece: Piece) -> bool:
    """Write a piece; return whether the file is complete."""
    try:
        return await writer.take(piece)
    except (ClientGone, StorageFull):
        await writer.save()
        raise


def _at(piece: Piece, upload: StoredUpload) -> StoredUpload:
    """Return the upload if the piece continues it."""
    if piece.offset != upload.received:
        message = f"The upload continues at {upload.received}"
        raise Conflict("upload", "Upload-Offset", piece.offset, message)
    return upload


class _Writer:
    """Writes the bytes of a piece at the offset of the upload."""

    def __init__(self, db: Database, actor: Actor, file: Landing, upload: StoredUpload) -> None:
        self._db = db
        self._actor = actor
        self._file = file
        self._upload = upload
        self._at = upload.received  # end of the written bytes
        self._inspector = Inspector(
            MEDIUMS[upload.kind].kinds, upload.file_name, upload.declared_type
        )
        self._inspected = upload.received >= HEAD_BYTES
        self._waiting = bytearray()
        self._whole_only = False

    async def take(self, piece: Piece) -> bool:
        """Write a piece; return whether the file is complete."""
        given = piece.checksum
        self._whole_only = given is not None
        digest = hashlib.new(given.algorithm, usedforsecurity=False) if given else None
        try:
            async for chunk in patient(
                piece.chunks, total_seconds=piece.seconds, idle_seconds=IDLE_SECONDS
            ):
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
        return self._at == self._upload.size

    async def _add(self, chunk: bytes) -> None:
        self._waiting += chunk
        if self._at + len(self._waiting) > self._upload.size:
            raise PayloadTooLarge(self._upload.size - self._upload.received)
        if len(self._waiting) >= self._enough():
            await self._flush()
            if self._at - self._upload.received >= SAVE_BYTES:
                await self.save()

    def _enough(self) -> int:
        """Return how many bytes to gather before the next write and inspection."""
        if self._inspected:
            return WRITE_BYTES
        return (EARLY_BYTES if self._at < EARLY_BYTES else HEAD_BYTES) - self._at

    async def _flush(self) -> None:
        data, self._waiting = bytes(self._waiting), bytearray()
        await self._file.write(data, self._at)
        self._at += len(data)
        await self._inspect()

    async def _inspect(self) -> None:
        """Raise UnsupportedMediaType as soon as the head of the file is not of its type.

        Bytes that have a checksum are inspected once they are known to be undamaged.
        """
        if self._inspected or self._whole_only or self._at < EARLY_BYTES:
            return
        async for head in self._file.read(min(self._at, HEAD_BYTES)):
            self._inspector.check_beginning(head)
        self._inspected = self._at >= HEAD_BYTES

    async def save(self) -> StoredUpload:
        """Record the written bytes, except for pieces with a checksum and the last piece."""
        await self._flush()
        if not self._whole_only and self._upload.received < self._at < self._upload.size:
            await self._file.sync()
            self._upload = await self._advanced()
        return self._upload

    async def _advanced(self) -> StoredUpload:
        upload = self._upload
        async with self._db.transaction() as tx:
            await library.authorize(tx, self._actor, upload.topic_id, hold=False)
            advanced = await queries.advance(tx, upload.id, self._at)
        if advanced is None:
            raise NotFound("upload", upload.id)
        return advanced


async def _finish(
    db: Database,
    store: ObjectStore,
    actor: Actor,
    upload: StoredUpload,
    file: Landing,
    reserve: Reserve,
) -> tuple[StoredUpload, Headers]:
    """Store the file and adopt it, as a form upload does."""
    actor = await library.authorize(db, actor, upload.topic_id, hold=False)
    await library.check_upload(db, actor, apart_from=upload.id)
    medium = MEDIUMS[upload.kind]
    intake = Intake(db, store, actor.subject, medium.folder, reserve)
    part = FilePart(medium.field, upload.file_name, upload.declared_type, file.read(upload.size))
    stored = await intake.take(part, medium.kinds)
    try:
        async with db.transaction() as tx:
            result_id, quota = await _adopt(tx, actor, upload, stored)
            finished = await queries.finish(tx, upload.id, result_id)
            if finished is None:
                raise NotFound("upload", upload.id)
    except BaseException:
        await give_up(db, store, stored.key)
        raise
    return finished, quota


async def _adopt(
    tx: Database, actor: Actor, upload: StoredUpload, stored: StoredFile
) -> tuple[str, Headers]:
    """Return the document's id or the video's topic, and quota headers."""
    if upload.kind == "video":
        _, _, quota = await library.put_video(tx, actor, upload.topic_id, stored, if_match=None)
        return upload.topic_id, quota
    metadata = DocumentMetadata(name=upload.name, description=upload.description)
    document, quota = await library.add_document(
        tx, actor, upload.topic_id, stored, metadata=metadata
    )
    return document.id, quota
