"""Write a backup while the server is running.

The rows come from one snapshot, the files follow. Later uploads are not included; files that are
deleted later stay in the store until the archive is complete.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import BinaryIO

import asyncpg
import msgspec

from akako import __version__
from akako.backup import database
from akako.backup.archive import (
    FILES,
    FORMAT,
    MANIFEST,
    TABLES,
    ArchiveError,
    End,
    Manifest,
    Writer,
)
from akako.backup.progress import Progress
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ports import ObjectStore
from akako.migrations.steps import revisions
from akako.storage.queries import NEEDED

PIECE_BYTES = 4 * 1024 * 1024
READ_TRIES = 5
PAUSE_SECONDS = 1.0


class NeededFile(msgspec.Struct, frozen=True):
    """An object that a row of the snapshot refers to."""

    key: str
    size: int
    sha256: str


async def save(
    out: BinaryIO, url: str, store: ObjectStore, progress: Progress
) -> tuple[Manifest, End]:
    """Write the archive; return manifest and trailer. Raises ArchiveError.

    Missing files, and files that differ from the upload, are listed in the trailer.
    """
    writer, end = Writer(out), End()
    async with database.connected(url) as connection:
        await _check(connection)
        await database.hold_removals(connection)
        # Without a rollback, for which an interrupted backup would wait: the connection closes.
        await connection.execute("begin isolation level repeatable read read only")
        needed = await _needed(connection)
        manifest = await _manifest(connection, needed)
        await writer.add_bytes(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        for table in manifest.tables:
            progress.begin(f"table {table.name}")
            pieces = _Pieces(writer, table.name, progress)
            end.rows[table.name] = await database.copy_rows(connection, table, pieces.take)
            await pieces.flush()
        await connection.execute("commit")
        progress.begin("files", manifest.bytes)
        for file in needed:
            await _save_file(writer, store, file, end, progress)
            # Removals are blocked while the connection is open, so check that it is.
            await connection.execute("select 1")
    await writer.finish(end)
    return manifest, end


async def _check(connection: asyncpg.Connection) -> None:
    if await connection.fetchval("select pg_is_in_recovery()"):
        raise ArchiveError("AKAKO_DATABASE_URL names a replica: use the primary")
    revision = await database.schema_of(connection)
    if revision is None:
        raise ArchiveError("there is nothing to back up: the database has no schema yet")
    if revision not in revisions():
        raise ArchiveError(
            f"the database is at revision {revision}, which this version does not know: "
            "make the backup with the newer version"
        )


async def _needed(connection: asyncpg.Connection) -> list[NeededFile]:
    rows = await connection.fetch(f"select key, size, sha256 from ({NEEDED}) needed order by key")
    return [NeededFile(*row) for row in rows]


async def _manifest(connection: asyncpg.Connection, needed: list[NeededFile]) -> Manifest:
    copied = await database.tables(connection)
    revision = await database.schema_of(connection)
    assert revision
    return Manifest(
        format=FORMAT,
        version=__version__,
        schema=revision,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        tables=copied,
        sequences=await database.sequences(connection, copied),
        files=len(needed),
        bytes=sum(file.size for file in needed),
    )


class _Pieces:
    """Splits rows of unknown number into members of known size."""

    def __init__(self, writer: Writer, table: str, progress: Progress) -> None:
        self._writer = writer
        self._table = table
        self._progress = progress
        self._number = 0
        self._waiting = bytearray()

    async def take(self, rows: bytes) -> None:
        self._waiting += rows
        if len(self._waiting) >= PIECE_BYTES:
            await self.flush()

    async def flush(self) -> None:
        if self._waiting:
            self._number += 1
            name = f"{TABLES}{self._table}/{self._number:06}"
            await self._writer.add_bytes(name, bytes(self._waiting))
            self._progress.add(len(self._waiting))
            self._waiting.clear()


async def _save_file(
    writer: Writer, store: ObjectStore, file: NeededFile, end: End, progress: Progress
) -> None:
    if not await _is_whole(store, file):
        end.missing.append(file.key)
        return
    digest = hashlib.sha256()

    async def watched() -> AsyncIterator[bytes]:
        async for chunk in _read(store, file):
            digest.update(chunk)
            progress.add(len(chunk))
            yield chunk

    try:
        await writer.add(f"{FILES}{file.key}", file.size, watched())
    except FileNotFoundError:
        raise ArchiveError(f"{file.key} vanished from the store while it was copied") from None
    end.files += 1
    end.bytes += file.size
    if digest.hexdigest() != file.sha256:
        end.damaged.append(file.key)


async def _is_whole(store: ObjectStore, file: NeededFile) -> bool:
    for tries in range(1, READ_TRIES + 1):
        try:
            stored = await store.head(file.key)
            return stored is not None and stored.size == file.size
        except ServiceUnavailable:
            await _pause(tries)
    raise AssertionError


async def _read(store: ObjectStore, file: NeededFile) -> AsyncIterator[bytes]:
    """Yield the bytes of an object; continue at the same offset after an interruption."""
    at, tries = 0, 0
    while at < file.size:
        try:
            async for chunk in store.read(file.key, at, file.size):
                at, tries = at + len(chunk), 0
                yield chunk
        except ServiceUnavailable:
            tries += 1
            await _pause(tries)


async def _pause(tries: int) -> None:
    if tries >= READ_TRIES:
        raise ArchiveError("the store of the files (AKAKO_STORAGE_URL) does not respond")
    await asyncio.sleep(PAUSE_SECONDS * tries)
