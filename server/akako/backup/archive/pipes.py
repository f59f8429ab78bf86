"""Read and write streams that may block forever, such as pipes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, TypeVar, cast

READ_BYTES = 1024 * 1024

T = TypeVar("T")


class ReadAhead:
    """Reads a stream in large pieces. Methods raise the OSError of the stream."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._ahead = b""
        self._at = 0
        self.taken = 0

    async def take(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        if self._at == len(self._ahead):
            self._ahead, self._at = await aside(self._source.read, READ_BYTES) or b"", 0
        piece = self._ahead[self._at : self._at + size]
        self._at += len(piece)
        self.taken += len(piece)
        return piece

    async def exactly(self, size: int) -> bytes:
        """Return `size` bytes, or fewer where the stream ends. For small sizes."""
        piece = await self.take(size)
        while len(piece) < size and (more := await self.take(size - len(piece))):
            piece += more
        return piece


async def aside(function: Callable[..., T], *arguments: object) -> T:
    """Run a function in a daemon thread, which a blocked pipe cannot keep alive."""
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
