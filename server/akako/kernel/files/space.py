"""Reserve free disk space for others, such as PostgreSQL on the same disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec

from akako.kernel.core.errors import ApiError, ServiceUnavailable, StorageFull

RESERVE_BYTES = 512 * 1024 * 1024
RESERVE_SHARE = 20  # divisor of the disk size; the smaller reserve applies
FULL = {errno.ENOSPC, errno.EDQUOT}


def measure(place: Path | int) -> tuple[int, int]:
    """Return the free bytes for this process, and the size in bytes, of the disk of a place."""
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize


class Reserve(msgspec.Struct, frozen=True):
    """The bytes of a disk that uploads never use: by default min(512 MiB, 5 %)."""

    bytes: int | None = None

    def require(self, place: Path | int, more: int = 0) -> None:
        """Raise StorageFull unless `more` bytes can be written beside the reserve.

        `place` is a folder that exists, or the descriptor of an open file.
        """
        free, size = measure(place)
        if free - more < self._of(size):
            raise StorageFull

    def _of(self, size: int) -> int:
        return min(RESERVE_BYTES, size // RESERVE_SHARE) if self.bytes is None else self.bytes


RESERVE = Reserve()


def write_failure(error: OSError) -> ApiError:
    """Return the error for the caller of a failed write."""
    return StorageFull() if error.errno in FULL else ServiceUnavailable()
