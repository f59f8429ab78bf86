"""The archive: an ordinary tar file, written and read as a stream.

`manifest.json` comes first. Rows follow as pieces of PostgreSQL's COPY text, `tables/NAME/NUMBER`,
then every stored file, `files/KEY`. `end.json` comes last with what was counted, and with the
SHA-256 over that and the names, sizes and contents of all before it: without it, or with another
hash, an archive is not whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import tarfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import BinaryIO, TypeVar, cast

import msgspec

FORMAT = 1
MANIFEST, END, TABLES, FILES = "manifest.json", "end.json", "tables/", "files/"
CHUNK_BYTES = 1024 * 1024
MAX_DESCRIPTION_BYTES = 64 * CHUNK_BYTES

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class ArchiveError(Exception):
    """The archive cannot be written or used; the message is one line for the operator."""


class Table(msgspec.Struct, frozen=True):
    """A table and its columns in the order of the rows that follow."""

    name: str
    columns: list[str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive begins with. `bytes` and `files` are of the stored files."""

    format: int
    version: str  # of the program
    schema: str  # the revision
    created_at: str
    tables: list[Table]  # each after those it refers to
    sequences: dict[str, dict[str, int]]  # last number given, by table and column
    files: int
    bytes: int


class End(msgspec.Struct, kw_only=True):
    """What an archive ends with. `missing` and `damaged` are keys of files."""

    rows: dict[str, int] = {}
    files: int = 0
    bytes: int = 0
    missing: list[str] = []  # the store had no such object, or one of another size
    damaged: list[str] = []  # copied as they were: not what was once uploaded
    sha256: str = ""


class _Chain:
    """The SHA-256 over all members so far."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def begin(self, name: str, size: int) -> None:
        self._digest.update(f"{name}\0{size}\0".encode())

    def add(self, content: bytes) -> None:
        self._digest.update(content)

    def sealed(self, end: End) -> str:
        """With what the end tells, its own hash aside."""
        told = msgspec.json.encode(msgspec.structs.replace(end, sha256=""))
        return hashlib.sha256(self._digest.digest() + told).hexdigest()

    def copy(self) -> _Chain:
        """As it is now, whatever is read later."""
        chain = _Chain()
        chain._digest = self._digest.copy()
        return chain


class Writer:
    """Writes an archive to a stream; holds one piece of it at a time."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._chain = _Chain()

    async def add(self, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        """Add a member. Raise ArchiveError if it is not of that size or cannot be written."""
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
        end.sha256 = self._chain.sealed(end)
        await self.add_bytes(END, msgspec.json.format(msgspec.json.encode(end)))
        await self._write(bytes(2 * tarfile.BLOCKSIZE))

    async def _write(self, content: bytes) -> None:
        try:
            await _aside(self._write_all, content)
        except OSError as error:
            raise ArchiveError(f"the archive cannot be written: {error.strerror}") from error

    def _write_all(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[self._out.write(rest) :]


class Member:
    """A piece of an archive that is read, in the order in which it comes."""

    def __init__(self, name: str, size: int, chunks: AsyncIterator[bytes]) -> None:
        self.name = name
        self.size = size
        self.chunks = chunks  # to be read to the end before the next member

    async def content(self, kind: type[S]) -> S:
        """All of it, as JSON. Raise ArchiveError for what is none."""
        if self.size > MAX_DESCRIPTION_BYTES:
            raise ArchiveError(f"the archive is damaged: its {self.name} is too large")
        content = b"".join([chunk async for chunk in self.chunks])
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError:
            raise ArchiveError(f"the archive is damaged: its {self.name} makes no sense") from None


class Reader:
    """Reads an archive from a stream that may be a pipe."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._tar: tarfile.TarFile | None = None
        self._chain = _Chain()

    async def manifest(self) -> Manifest:
        """What it begins with. Raise ArchiveError for another kind of file."""
        try:
            self._tar = await _aside(self._open)
            member = await self.next()
        except (ArchiveError, tarfile.TarError):
            member = None
        if member is None or member.name != MANIFEST:
            raise ArchiveError("this is no archive of akako backup")
        manifest = await member.content(Manifest)
        if manifest.format != FORMAT:
            raise ArchiveError(f"the archive is of format {manifest.format}, unknown here")
        return manifest

    def _open(self) -> tarfile.TarFile:
        return tarfile.open(fileobj=self._source, mode="r|", bufsize=CHUNK_BYTES)

    async def next(self) -> Member | None:
        """The next member, None after the last."""
        assert self._tar
        info = await _reading(self._tar.next)
        if info is None:
            return None
        self._tar.members = []  # type: ignore[attr-defined] # it would keep them all
        if info.type != tarfile.REGTYPE:
            raise ArchiveError("the archive is damaged: it holds more than files")
        content = self._tar.extractfile(info)
        assert content
        if info.name != END:
            self._chain.begin(info.name, info.size)
        return Member(info.name, info.size, self._chunks(content.read))

    async def end(self, member: Member | None) -> End:
        """The end, given the last member. Raise ArchiveError unless all is as it was written."""
        if member is None:
            raise ArchiveError("the archive is cut off: its end is missing")
        if member.name != END:
            raise ArchiveError(f"the archive is damaged: {member.name} is out of place")
        before = self._chain.copy()
        end = await member.content(End)
        if end.sha256 != before.sealed(end):
            raise ArchiveError("the archive is damaged: it is not what was written")
        if await self.next() is not None:
            raise ArchiveError("the archive is damaged: it goes on after its end")
        return end

    async def _chunks(self, read: Callable[[int], bytes]) -> AsyncIterator[bytes]:
        while chunk := await _reading(read, CHUNK_BYTES):
            self._chain.add(chunk)
            yield chunk


async def _reading(read: Callable[..., T], *arguments: object) -> T:
    try:
        return await _aside(read, *arguments)
    except tarfile.TarError:
        raise ArchiveError("the archive is cut off or damaged") from None
    except OSError as error:
        raise ArchiveError(f"the archive cannot be read: {error.strerror}") from error


async def _aside(function: Callable[..., T], *arguments: object) -> T:
    """Call in a thread that nobody waits for at the end: a silent pipe would keep it for ever."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, error = None, None
        try:
            result = function(*arguments)
        except Exception as raised:
            error = raised
        with suppress(RuntimeError):  # the loop has been closed in the meantime
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await done
