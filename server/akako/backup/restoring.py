"""Restore an archive, completely or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import BinaryIO

import asyncpg
import structlog

from akako.backup import database, staging
from akako.backup.archive import (
    FILES,
    KEY,
    MAX_KEY,
    TABLES,
    ArchiveError,
    End,
    Manifest,
    Member,
    Table,
)
from akako.backup.archive.reading import Reader
from akako.backup.database import quoted
from akako.backup.progress import Progress
from akako.backup.staging import STAGING, RestoreRefused
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ports import ObjectStore
from akako.migrations.run import migrate
from akako.migrations.steps import revisions
from akako.storage.queries import NEEDED

log = structlog.get_logger(__name__)

# Rows that their columns or other rows do not admit. No backup writes such rows.
UNFIT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.ProgramLimitExceededError,
)


async def restore(
    source: BinaryIO, url: str, store: ObjectStore, progress: Progress, *, replace: bool
) -> tuple[Manifest, End]:
    """Restore; return manifest and trailer of the archive. Raises ArchiveError or RestoreRefused.

    After an error the database and the existing files are unchanged.
    """
    reader = Reader(source)
    manifest = await reader.manifest()
    _check_schema(manifest)
    async with database.connected(url) as connection:
        await staging.check_target(connection, replace=replace)
        home = await connection.fetchval("select current_schema()")
        work = _Restoration(reader, manifest, connection, store, progress)
        try:
            await staging.prepare(connection)
            end = await work.fill(url)
            progress.begin("moving in")
            await staging.move_in(connection, home)
        except BaseException as error:
            await asyncio.shield(_undo(url, store, work.added))
            if isinstance(error, ServiceUnavailable):
                raise _store_failed(error) from error
            raise
    return manifest, end


def _check_schema(manifest: Manifest) -> None:
    if manifest.schema not in revisions():
        raise RestoreRefused(
            f"the archive is of revision {manifest.schema} (Akako {manifest.version}), which this "
            "version does not know: restore it with the version that made it, or a newer one"
        )


def _store_failed(error: ServiceUnavailable) -> ArchiveError:
    cause = error.__cause__
    why = f": {cause.strerror}" if isinstance(cause, OSError) and cause.strerror else ""
    return ArchiveError(f"the store of the files (AKAKO_STORAGE_URL) does not take them{why}")


async def _undo(url: str, store: ObjectStore, added: list[str]) -> None:
    """Remove restored files as far as possible; the sweeper removes the rest, which has no rows."""
    for key in added:
        try:
            await store.delete(key)
        except ServiceUnavailable:
            break
    try:
        async with database.connected(url) as connection:
            await staging.discard(connection)
    except (ArchiveError, asyncpg.PostgresError):
        return


async def check(source: BinaryIO, progress: Progress) -> tuple[Manifest, End]:
    """Read an archive completely; raise ArchiveError unless it is complete and valid."""
    reader = Reader(source)
    manifest = await reader.manifest()
    progress.begin("reading", manifest.bytes)
    member = await reader.next()
    while member and member.name.startswith((TABLES, FILES)):
        async for chunk in member.chunks:
            progress.add(len(chunk))
        member = await reader.next()
    return manifest, await reader.end(member)


class _Restoration:
    """Copies one archive into the second schema and into the store."""

    def __init__(
        self,
        reader: Reader,
        manifest: Manifest,
        connection: asyncpg.Connection,
        store: ObjectStore,
        progress: Progress,
    ) -> None:
        self.added: list[str] = []
        self._reader = reader
        self._manifest = manifest
        self._connection = connection
        self._store = store
        self._progress = progress
        self._member: Member | None = None
        self._seen = End()

    async def fill(self, url: str) -> End:
        """Copy everything, and compare it with the trailer."""
        await asyncio.to_thread(migrate, url, self._manifest.schema, schema=STAGING)
        self._member = await self._reader.next()
        await self._fill_tables()
        self._progress.begin("files", self._manifest.bytes)
        while self._member and self._member.name.startswith(FILES):
            await self._take_file(self._member)
            self._member = await self._reader.next()
        end = await self._reader.end(self._member)
        await self._compare(end)
        self._progress.begin("schema")
        await asyncio.to_thread(migrate, url, schema=STAGING)
        for table in await database.tables(self._connection):
            await self._connection.execute(f"analyze {quoted(table.name)}")
        return end

    async def _fill_tables(self) -> None:
        present = {table.name: table for table in await database.tables(self._connection)}
        try:
            for table in self._manifest.tables:
                self._progress.begin(f"table {table.name}")
                if table.name in present:
                    await self._fill_table(table, present[table.name])
                else:
                    await self._pass_over(table)
            await self._set_sequences()
        except UNFIT as error:
            raise ArchiveError(f"rows of the archive cannot be stored: {error}") from error

    async def _pass_over(self, table: Table) -> None:
        """Skip a table of another application in a shared database."""
        log.warning("table_not_ours", table=table.name)
        lines = [chunk.count(b"\n") async for chunk in self._rows(table.name)]
        self._seen.rows[table.name] = sum(lines)

    async def _fill_table(self, table: Table, present: Table) -> None:
        if table != present:
            raise ArchiveError(f"the archive is damaged: {table.name} has other columns")
        async with self._connection.transaction():
            name = quoted(table.name)
            await self._connection.execute(f"alter table {name} disable trigger user")
            status = await self._connection.copy_to_table(
                table.name, source=self._rows(table.name), columns=table.columns
            )
            await self._connection.execute(f"alter table {name} enable trigger user")
        self._seen.rows[table.name] = database.counted(status)

    async def _rows(self, table: str) -> AsyncIterator[bytes]:
        while self._member and self._member.name.startswith(f"{TABLES}{table}/"):
            async for chunk in self._member.chunks:
                self._progress.add(len(chunk))
                yield chunk
            self._member = await self._reader.next()

    async def _set_sequences(self) -> None:
        for table, columns in self._manifest.sequences.items():
            for column, last in columns.items():
                sequence = await database.sequence_of(self._connection, table, column)
                if sequence and last > 0:
                    await self._connection.execute(
                        "select setval($1::regclass, $2)", sequence, last
                    )

    async def _take_file(self, member: Member) -> None:
        key = member.name.removeprefix(FILES)
        row = await self._connection.fetchrow(
            f"select size, sha256 from ({NEEDED}) needed where key = $1", key
        )
        if row is None or row["size"] != member.size:
            raise ArchiveError(f"the archive is damaged: no row needs its {member.name}")
        digest = hashlib.sha256()

        async def watched() -> AsyncIterator[bytes]:
            async for chunk in member.chunks:
                digest.update(chunk)
                self._progress.add(len(chunk))
                yield chunk

        if await self._is_there(key, row):
            async for _ in watched():
                pass
        else:
            await self._store.put(key, watched())
        self._seen.files += 1
        self._seen.bytes += member.size
        if digest.hexdigest() != row["sha256"]:
            self._seen.damaged.append(key)

    async def _is_there(self, key: str, row: asyncpg.Record) -> bool:
        """Return whether the store already has this object."""
        stored = await self._store.head(key)
        if stored is None:
            self.added.append(key)
            return False
        digest = hashlib.sha256()
        async for chunk in self._store.read(key, 0, stored.size):
            digest.update(chunk)
        return digest.hexdigest() == str(row["sha256"])

    async def _compare(self, end: End) -> None:
        """Raise ArchiveError unless the contents match the trailer."""
        misplaced = await self._connection.fetchval(
            f"select key from ({NEEDED}) needed where key !~ $1 or length(key) > $2 limit 1",
            f"^({KEY.pattern})$",
            MAX_KEY,
        )
        if misplaced:
            raise ArchiveError(f"the archive is damaged: no file is stored as {misplaced[:60]!r}")
        seen = self._seen
        needed = await self._connection.fetchval(f"select count(*) from ({NEEDED}) needed")
        whole = (
            seen.rows == end.rows
            and (seen.files, seen.bytes) == (end.files, end.bytes)
            and seen.damaged == end.damaged
            and needed == end.files + len(end.missing)
        )
        if not whole:
            raise ArchiveError("the archive is damaged: its content does not match its trailer")
