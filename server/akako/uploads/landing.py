"""The files of unfinished uploads. Each has one writer at a time.

The lock is a file lock of the operating system: it ends with its process and works between the
processes of one machine. Servers on several machines must share the folder on a file system with
locks, or receive all requests of one upload on the same machine.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from akako.kernel.files import disk
from akako.kernel.files.space import RESERVE, Reserve
from akako.uploads.tus.refusals import Locked

# A writer whose client disconnected needs a moment to end.
WAIT_SECONDS = 3.0
TRY_SECONDS = 0.05
READ_BYTES = 1024 * 1024


class Landing:
    """An open file with an exclusive lock."""

    def __init__(self, descriptor: int, reserve: Reserve = RESERVE) -> None:
        self._descriptor = descriptor
        self._reserve = reserve

    async def write(self, data: bytes, at: int) -> None:
        """Write bytes. Raises StorageFull, without writing, if the reserve would be used."""
        await disk.run(_write, self._descriptor, data, at, self._reserve)

    async def sync(self) -> None:
        """Sync the file to the disk."""
        await disk.run(os.fsync, self._descriptor)

    async def read(self, size: int) -> AsyncIterator[bytes]:
        """Yield the first `size` bytes."""
        at = 0
        while at < size:
            wanted = min(READ_BYTES, size - at)
            chunk = await disk.run(os.pread, self._descriptor, wanted, at)
            if not chunk:
                return
            at += len(chunk)
            yield chunk


@asynccontextmanager
async def landing(
    folder: Path, upload_id: str, reserve: Reserve = RESERVE
) -> AsyncIterator[Landing]:
    """Open or create the file of an upload. Raises Locked while another request writes it."""
    deadline = time.monotonic() + WAIT_SECONDS
    with ExitStack() as held:
        descriptor = await disk.run(_opened, folder, upload_id, held)
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise Locked
            await asyncio.sleep(TRY_SECONDS)
        yield Landing(descriptor, reserve)


async def require_space(folder: Path, reserve: Reserve, size: int) -> None:
    """Raise StorageFull unless an upload of so many bytes fits beside the reserve."""
    await disk.run(_require_space, folder, reserve, size)


def _require_space(folder: Path, reserve: Reserve, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    reserve.require(folder, size)


async def remove(folder: Path, upload_id: str) -> None:
    await disk.run((folder / upload_id).unlink, missing_ok=True)


async def size_of(folder: Path, upload_id: str) -> int:
    """Return the size of the upload's file in bytes."""
    try:
        return (await disk.run((folder / upload_id).stat)).st_size
    except FileNotFoundError:
        return 0


async def existing(folder: Path) -> list[str]:
    """Return the ids of the uploads that have a file."""
    return await disk.run(os.listdir, folder) if await disk.run(folder.is_dir) else []


def _opened(folder: Path, upload_id: str, held: ExitStack) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / upload_id, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    held.callback(os.close, descriptor)
    if os.fstat(descriptor).st_size == 0:
        _sync_folder(folder)
    return descriptor


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(descriptor: int, data: bytes, at: int, reserve: Reserve) -> None:
    if data:
        reserve.require(descriptor, len(data))
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        at += written
        rest = rest[written:]
