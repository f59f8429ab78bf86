"""The hash of an incoming file."""

from __future__ import annotations

import hashlib

from akako.kernel.files.disk import Behind

BATCH_BYTES = 1024 * 1024  # a network chunk is too small for a call


class Digest:
    """SHA-256 of a stream, computed in a thread while more data arrives."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._waiting = 0  # bytes in the pieces
        self._behind = Behind()

    async def feed(self, piece: bytes) -> None:
        """Add bytes. Waits only if the thread is a batch behind."""
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting >= BATCH_BYTES:
            pieces, self._pieces, self._waiting = self._pieces, [], 0
            await self._behind.call(self._add, pieces)

    async def hexdigest(self) -> str:
        await self._behind.call(self._add, self._pieces)
        await self._behind.done()
        self._pieces = []
        return self._hash.hexdigest()

    def _add(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._hash.update(piece)
