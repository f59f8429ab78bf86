"""The archive: an ordinary tar file, written as a stream. `reading.py` reads it.

`manifest.json` comes first. Rows follow as pieces of PostgreSQL's COPY text, `tables/NAME/NUMBER`,
then every stored file, `files/KEY`. `end.json` comes last with what was counted, and with the
SHA-256 over that and the names, sizes and contents of all before it: without it, or with another
hash, an archive is not whole.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import AsyncIterator
from typing import Annotated, BinaryIO, TypeVar

import msgspec

from akako.backup.archive.pipes import aside

FORMAT = 1
MANIFEST, END, TABLES, FILES = "manifest.json", "end.json", "tables/", "files/"
CHUNK_BYTES = 1024 * 1024
# A decoded description takes several times its bytes of memory.
MAX_MANIFEST_BYTES = 4 * CHUNK_BYTES
MAX_END_BYTES = 8 * CHUNK_BYTES
KEY = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*", re.ASCII)
MAX_KEY, MAX_DEPTH = 512, 16

# Many short strings would take much more memory than their JSON.
Key = Annotated[str, msgspec.Meta(min_length=8)]
S = TypeVar("S", bound=msgspec.Struct)


class ArchiveError(Exception):
    """The archive cannot be written or read; the message is one line for the operator."""


def is_plain(text: str) -> bool:
    """Return whether a text of the archive can be printed on one line of a terminal."""
    return 0 < len(text) <= MAX_KEY + len(FILES) and text.isprintable()


def is_key(key: str) -> bool:
    """Return whether the text can be the key of a stored file: a short path that only descends."""
    return len(key) <= MAX_KEY and key.count("/") < MAX_DEPTH and bool(KEY.fullmatch(key))


class Table(msgspec.Struct, frozen=True):
    """A table, and its columns in the order of its rows."""

    name: str
    columns: list[str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The first member of an archive. `bytes` and `files` count the stored files."""

    format: int
    version: str  # of the program
    schema: str  # the revision
    created_at: str
    tables: list[Table]  # each after those it refers to
    sequences: dict[str, dict[str, int]]  # last number given, by table and column
    files: int
    bytes: int


class End(msgspec.Struct, kw_only=True):
    """The last member of an archive. `missing` and `damaged` are keys of files."""

    rows: dict[str, int] = {}
    files: int = 0
    bytes: int = 0
    missing: list[Key] = []  # the store had no such object, or one of another size
    damaged: list[Key] = []  # copied as they were: not what was once uploaded
    sha256: str = ""


class Chain:
    """The SHA-256 over all members so far."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def begin(self, name: str, size: int) -> None:
        self._digest.update(f"{name}\0{size}\0".encode())

    def add(self, content: bytes) -> None:
        self._digest.update(content)

    def sealed(self, end: End) -> str:
        """Return the hash including the data of the last member, without its own hash."""
        summary = msgspec.json.encode(msgspec.structs.replace(end, sha256=""))
        return hashlib.sha256(self._digest.digest() + summary).hexdigest()

    def copy(self) -> Chain:
        """Return a copy of the current state."""
        chain = Chain()
        chain._digest = self._digest.copy()
        return chain


class Writer:
    """Writes an archive to a stream, holding one piece at a time."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._chain = Chain()

    async def add(self, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        """Add a member. Raise ArchiveError if it is not of that size or cannot be written."""
        if not is_plain(name):
            raise ArchiveError(f"an archive cannot contain the name {name!r}")
        head = tarfile.TarInfo(name)
        head.size = size
        head.mode = 0o600
        await self._write(head.tobuf(tarfile.PAX_FORMAT))
        self._chain.begin(name, size)
        written = 0
        async for chunk in chunks:
            self._chain.add(chunk)
            written += len(chunk)
            await self._write(chunk)
        if written != size:
            raise ArchiveError(f"{name} has {written} bytes instead of {size}")
        await self._write(bytes(-size % tarfile.BLOCKSIZE))

    async def add_bytes(self, name: str, content: bytes) -> None:
        async def whole() -> AsyncIterator[bytes]:
            yield content

        await self.add(name, len(content), whole())

    async def finish(self, end: End) -> None:
        """Write the end. Raise ArchiveError if it names more lost files than a reader accepts."""
        end.sha256 = self._chain.sealed(end)
        formatted = msgspec.json.format(msgspec.json.encode(end))
        if len(formatted) > MAX_END_BYTES:
            lost = len(end.missing) + len(end.damaged)
            raise ArchiveError(f"the store has lost {lost} files: repair it (AKAKO_STORAGE_URL)")
        await self.add_bytes(END, formatted)
        await self._write(bytes(2 * tarfile.BLOCKSIZE))

    async def _write(self, content: bytes) -> None:
        try:
            await aside(self._write_all, content)
        except OSError as error:
            raise ArchiveError(f"the archive cannot be written: {error.strerror}") from error

    def _write_all(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[self._out.write(rest) :]


class Member:
    """A member of an archive that is being read, in order."""

    def __init__(self, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        self.name = name
        self.size = size
        self.chunks = chunks  # to be read to the end before the next member

    async def content(self, kind: type[S]) -> S:
        """Return all of it, decoded as JSON. Raise ArchiveError if it is too large or malformed."""
        if self.size > (MAX_END_BYTES if self.name == END else MAX_MANIFEST_BYTES):
            raise ArchiveError(f"the archive is damaged: its {self.name} is too large")
        content = b"".join([chunk async for chunk in self.chunks])
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, RecursionError):
            raise ArchiveError(f"the archive is damaged: its {self.name} cannot be read") from None
