"""Functions of both object stores: check keys, and gather bytes in batches."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator

CHUNK_BYTES = 1024 * 1024
# A client that reads slowly keeps about three chunks in memory.
READ_BYTES = 256 * 1024
KEY = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)*", re.ASCII)
MAX_KEY = 512


def checked(key: str) -> str:
    """Return the key. Raise ValueError if it could lead outside its folder."""
    if len(key) > MAX_KEY or not KEY.fullmatch(key):
        raise ValueError("An object key consists of plain names separated by slashes")
    return key


async def batches(chunks: AsyncIterator[bytes]) -> AsyncGenerator[list[bytes], None]:
    """Yield the bytes in batches of 1 MiB or more, because each write is a call."""
    pieces: list[bytes] = []
    size = 0
    async for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size >= CHUNK_BYTES:
            yield pieces
            pieces, size = [], 0
    if pieces:
        yield pieces
