"""Objects as plain files in a folder of this machine.

obstore has a folder store too, but it neither syncs to the disk nor streams at a tenth of the
speed of plain reads.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from akako.backends.objects.object_io import READ_BYTES, batches, checked
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.core.ids import new_id
from akako.kernel.core.ports import StoredObject
from akako.kernel.files.disk import Behind
from akako.kernel.files.disk import run as _io
from akako.kernel.files.modes import PRIVATE, Modes, make_folder
from akako.kernel.files.space import RESERVE, Reserve

# Begins with a dot, as no key does: what is still being written is never listed or read.
INCOMING = ".incoming"
ABANDONED_SECONDS = 3600.0
LIST_BATCH = 500
SYNCED_BYTES = 8 * 1024 * 1024
PUBLISH_TRIES = 5
# Chunks from memory, of all readers, between which no other task runs.
CHUNKS_PER_TURN = 4


class FolderStore:
    """An ObjectStore over a folder, which is created if it is missing.

    A put that is cancelled at its end deletes the key, so a key must not be used twice.
    """

    def __init__(self, root: Path, modes: Modes = PRIVATE, reserve: Reserve = RESERVE) -> None:
        self._root = root.absolute()
        self._modes = modes
        self._reserve = reserve
        self._incoming = self._root / INCOMING
        self._read_buffer = memoryview(bytearray(READ_BYTES))
        self._turns = asyncio.Semaphore(CHUNKS_PER_TURN)
        self._make(self._incoming)

    def _make(self, folder: Path) -> None:
        make_folder(folder, self._modes, below=self._root)

    async def require_space(self, size: int) -> None:
        await _io(self._reserve.require, self._root, size)

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        target = self._path(key)
        staged = self._incoming / f"{_mark(key)}{new_id()}"
        try:
            size = await _write(staged, chunks, self._modes, self._reserve)
            await self._published(staged, target)
        except BaseException:
            # Not in a thread: after a cancellation no task would wait for it.
            with suppress(OSError):
                staged.unlink()
            raise
        return size

    async def head(self, key: str) -> StoredObject | None:
        return await _io(_described, self._path(key), key)

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        with ExitStack() as files:
            # An open file outlives its deletion, so a running download always finishes.
            file = await _io(_opened, self._path(key), files)
            while start < end:
                wanted = min(READ_BYTES, end - start)
                async with self._turns:
                    await asyncio.sleep(0)
                    chunk = self._cached(file.fileno(), wanted, start)
                chunk = chunk or await _io(os.pread, file.fileno(), wanted, start)
                if not chunk:
                    raise ServiceUnavailable("The stored file is shorter than expected")
                start += len(chunk)
                yield chunk

    def local_path(self, key: str) -> str | None:
        return str(self._path(key))

    async def delete(self, key: str) -> None:
        """Delete an object, and incomplete files that a killed process left of it."""
        await _io(self._remove_all_of, key)

    async def list(self, prefix: str = "") -> AsyncGenerator[StoredObject, None]:
        """Yield the objects below a folder of keys; `prefix` consists of complete names."""
        folder = prefix.strip("/")
        objects = self._walk(self._path(folder) if folder else self._root)
        while batch := await _io(_next_batch, objects):
            for each in batch:
                yield each

    async def close(self) -> None:
        """Release nothing: no file stays open between calls."""

    def _cached(self, descriptor: int, size: int, offset: int) -> bytes:
        """Return the next bytes that the page cache holds, at most `size`.

        Return none if a read would wait for the disk, or if the system cannot tell.
        """
        if not hasattr(os, "RWF_NOWAIT"):
            return b""
        try:
            got = os.preadv(descriptor, [self._read_buffer[:size]], offset, os.RWF_NOWAIT)
        except OSError:
            return b""
        return bytes(self._read_buffer[:got])

    def _path(self, key: str) -> Path:
        return self._root / checked(key)

    async def _published(self, staged: Path, target: Path) -> None:
        try:
            await _io(self._publish, staged, target)
        except asyncio.CancelledError:
            # The thread continues after a cancellation, so the file may have its name already.
            self._remove(target)
            raise

    def _publish(self, staged: Path, target: Path) -> None:
        """Give a complete file its name, and sync the folders to the disk."""
        for _ in range(PUBLISH_TRIES):
            # A concurrent deletion can remove the folder while it is empty.
            with suppress(FileNotFoundError):
                self._make(target.parent)
                staged.replace(target)
                self._sync_folders(target.parent)
                return
        raise OSError("The folder of the object was removed repeatedly")

    def _sync_folders(self, folder: Path) -> None:
        while folder.is_relative_to(self._root):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            folder = folder.parent

    def _remove_all_of(self, key: str) -> None:
        self._remove(self._path(key))
        for staged in self._incoming.glob(f"{_mark(key)}*"):
            staged.unlink(missing_ok=True)

    def _remove(self, path: Path) -> None:
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()
        with suppress(OSError):  # raised by the first folder that is not empty
            while (path := path.parent) != self._root:
                path.rmdir()

    def _walk(self, folder: Path) -> Iterator[StoredObject]:
        for parent, folders, names in os.walk(folder):
            if INCOMING in folders:
                folders.remove(INCOMING)
            for name in names:
                path = Path(parent, name)
                described = _described(path, path.relative_to(self._root).as_posix())
                if described:
                    yield described


def _mark(key: str) -> str:
    """Return the prefix of the names of files that are written for this object."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}-"


async def _write(staged: Path, chunks: AsyncIterator[bytes], modes: Modes, reserve: Reserve) -> int:
    """Write a stream to a new file and sync it; return its size in bytes."""
    size = 0
    with ExitStack() as files:
        file = await _io(_created, staged, files, modes)
        async with Behind() as writing:
            async for pieces in batches(chunks):
                await writing.call(_append, file, pieces, reserve)
                size += sum(map(len, pieces))
            await writing.call(os.fsync, file.fileno())
            await writing.done()
    return size


def _created(staged: Path, files: ExitStack, modes: Modes) -> BinaryIO:
    """Create an incoming file, and remove those that killed processes left.

    The file is added to `files` in this thread, so that it is closed also after a cancellation.
    """
    make_folder(staged.parent, modes, below=staged.parent.parent)
    oldest = time.time() - ABANDONED_SECONDS
    for other in staged.parent.iterdir():
        with suppress(FileNotFoundError):
            if other.stat().st_mtime < oldest:
                other.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    file = files.enter_context(os.fdopen(os.open(staged, flags, modes.file), "wb", buffering=0))
    os.fchmod(file.fileno(), modes.file)  # independent of the umask
    return file


def _append(file: BinaryIO, pieces: list[bytes], reserve: Reserve) -> None:
    reserve.require(file.fileno(), sum(map(len, pieces)))
    began = file.tell()
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]
    _begin_syncing(file, began // SYNCED_BYTES, file.tell() // SYNCED_BYTES)


def _begin_syncing(file: BinaryIO, began: int, ended: int) -> None:
    """Start to write complete blocks to the disk, so that the sync at the end takes less time.

    The system also drops blocks that are on the disk from its page cache.
    """
    if began < ended and hasattr(os, "posix_fadvise"):
        start, length = began * SYNCED_BYTES, (ended - began) * SYNCED_BYTES
        with suppress(OSError):  # it was a hint
            os.posix_fadvise(file.fileno(), start, length, os.POSIX_FADV_DONTNEED)


def _opened(path: Path, files: ExitStack) -> BinaryIO:
    try:
        return files.enter_context(path.open("rb", buffering=0))
    except (IsADirectoryError, NotADirectoryError):
        raise FileNotFoundError(path.name) from None


def _described(path: Path, key: str) -> StoredObject | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return StoredObject(key, status.st_size, status.st_mtime)


def _next_batch(objects: Iterator[StoredObject]) -> list[StoredObject]:
    return list(islice(objects, LIST_BATCH))
