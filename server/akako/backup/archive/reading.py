"""Read an untrusted archive as a stream, with bounded memory and time.

An archive can come from anyone. Python's `tarfile` reads an extended header of any size into
memory, follows chains of them, and knows links, devices and sparse files. This reader takes plain
files and short extended headers, and raises ArchiveError for everything else.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import AsyncIterator
from typing import BinaryIO

from akako.backup.archive import (
    CHUNK_BYTES,
    END,
    FILES,
    FORMAT,
    MANIFEST,
    ArchiveError,
    Chain,
    End,
    Manifest,
    Member,
    is_key,
    is_plain,
)
from akako.backup.archive.pipes import ReadAhead

BLOCK = tarfile.BLOCKSIZE
# `path` and `size` of a member, and what other tar programs add, such as times.
MAX_EXTENDED_BYTES = 4096
# The largest a row can be in PostgreSQL is 1 GB, and a file is limited by the server's settings.
MAX_MEMBER_BYTES = 2**42
# Pieces are of 4 MiB or end their table, so that a stream of small members is soon too long.
MAX_MEMBERS = 4096
MEMBER_BYTES = 64 * 1024
PAX = re.compile(rb"([1-9][0-9]{0,3}) ([^=\n]{1,64})=")
DAMAGED = "the archive is damaged"


class Reader:
    """Reads an archive from a stream that may be a pipe."""

    def __init__(self, source: BinaryIO) -> None:
        self._stream = ReadAhead(source)
        self._chain = Chain()
        self._rest = 0  # bytes of the present member that are still to be read
        self._members = 0
        self._padding = 0  # bytes after the present member
        self._files = 0

    async def manifest(self) -> Manifest:
        """Return the manifest. Raises ArchiveError for any other file."""
        try:
            member = await self.next()
        except ArchiveError as error:
            if error.__cause__:  # it could not be read at all
                raise
            member = None
        if member is None or member.name != MANIFEST:
            raise ArchiveError("this is not an archive of akako backup")
        manifest = await member.content(Manifest)
        if manifest.format != FORMAT:
            raise ArchiveError(f"the archive has the unknown format {manifest.format}")
        named = [table.name for table in manifest.tables]
        shown = (manifest.version, manifest.schema, manifest.created_at, *named)
        if not all(is_plain(text) for text in shown):
            raise ArchiveError(f"{DAMAGED}: its {MANIFEST} cannot be read")
        self._files = max(0, manifest.files)
        return manifest

    async def next(self) -> Member | None:
        """Return the next member, or None after the last one."""
        try:
            return await self._next()
        except OSError as error:
            raise _unreadable(error) from error

    async def _next(self) -> Member | None:
        async for _ in self._chunks():  # the rest of the member before
            pass
        await self._stream.exactly(self._padding)
        header = await self._header()
        if header is None:
            return None
        name, size = header.name, header.size
        if header.type in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            name, size, header = await self._extended(header)
        if header.type != tarfile.REGTYPE:
            raise ArchiveError(f"{DAMAGED}: it contains members that are not files")
        self._check(name, size)
        if name != END:
            self._chain.begin(name, size)
        self._rest, self._padding = size, -size % BLOCK
        return Member(name, size, self._chunks())

    def _check(self, name: str, size: int) -> None:
        fits = is_key(name.removeprefix(FILES)) if name.startswith(FILES) else is_plain(name)
        if not fits:
            raise ArchiveError(f"{DAMAGED}: the name {name[:60]!r} is not one that a backup writes")
        if not 0 <= size <= MAX_MEMBER_BYTES:
            raise ArchiveError(f"{DAMAGED}: {name} cannot have {size} bytes")
        self._members += 1
        allowed = MAX_MEMBERS + self._files + self._stream.taken // MEMBER_BYTES
        if self._members > allowed:
            raise ArchiveError(f"{DAMAGED}: it has more members than a backup writes")

    async def end(self, member: Member | None) -> End:
        """Return the trailer, given the last member.

        Raises ArchiveError unless everything matches.
        """
        if member is None:
            raise ArchiveError("the archive is cut off: its end is missing")
        if member.name != END:
            raise ArchiveError(f"{DAMAGED}: {member.name} is out of place")
        before = self._chain.copy()
        end = await member.content(End)
        if end.sha256 != before.sealed(end):
            raise ArchiveError(f"{DAMAGED}: it is not what was written")
        if await self.next() is not None:
            raise ArchiveError(f"{DAMAGED}: it continues after its end")
        return end

    async def _header(self) -> tarfile.TarInfo | None:
        block = await self._stream.exactly(BLOCK)
        if not block or not block.strip(b"\0"):
            return None
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError):
            raise _cut_off() from None

    async def _extended(self, first: tarfile.TarInfo) -> tuple[str, int, tarfile.TarInfo]:
        """Read one extended header; return name and size of its member, and the member's header."""
        if not 0 < first.size <= MAX_EXTENDED_BYTES:
            raise ArchiveError(f"{DAMAGED}: an extended header has {first.size} bytes")
        content = await self._stream.exactly(first.size + -first.size % BLOCK)
        header = await self._header()
        if header is None or len(content) < first.size:
            raise _cut_off()
        content = content[: first.size]
        if first.type == tarfile.GNUTYPE_LONGNAME:
            return content.rstrip(b"\0").decode("utf-8", "surrogateescape"), header.size, header
        try:
            records = _records(content)
            size = int(records[b"size"]) if b"size" in records else header.size
            name = records[b"path"].decode() if b"path" in records else header.name
        except ValueError:
            raise ArchiveError(f"{DAMAGED}: an extended header cannot be read") from None
        return name, size, header

    async def _chunks(self) -> AsyncIterator[bytes]:
        while self._rest:
            try:
                chunk = await self._stream.take(min(CHUNK_BYTES, self._rest))
            except OSError as error:
                raise _unreadable(error) from error
            if not chunk:
                raise _cut_off()
            self._rest -= len(chunk)
            self._chain.add(chunk)
            yield chunk


def _records(content: bytes) -> dict[bytes, bytes]:
    """Return the records of a pax header. Raise ValueError for any other content."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        head = PAX.match(content, at)
        if head is None:
            raise ValueError
        stop = at + int(head[1])
        if stop > len(content) or content[stop - 1 : stop] != b"\n" or stop <= head.end():
            raise ValueError
        if head[2].startswith(b"GNU.sparse"):
            raise ValueError
        found[head[2]] = content[head.end() : stop - 1]
        at = stop
    return found


def _unreadable(error: OSError) -> ArchiveError:
    return ArchiveError(f"the archive cannot be read: {error.strerror}")


def _cut_off() -> ArchiveError:
    return ArchiveError("the archive is cut off or damaged")
