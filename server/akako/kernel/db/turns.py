"""Bound the number of tasks that do the same work at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from akako.kernel.db.database import unavailable


class Turns:
    """Admit `count` tasks at a time; the others wait in order, for at most `seconds`.

    A task that waited in vain gets ServiceUnavailable with `retry_after` in seconds, after a call
    of `refused`.
    """

    def __init__(
        self,
        count: int,
        seconds: float,
        *,
        retry_after: int = 1,
        refused: Callable[[], object] = lambda: None,
    ) -> None:
        self._free = asyncio.Semaphore(count)
        self.seconds = seconds
        self._retry_after = retry_after
        self._refused = refused

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold a turn. Raise ServiceUnavailable if none is free in time."""
        if self._free.locked():
            try:
                async with asyncio.timeout(self.seconds):
                    await self._free.acquire()
            except TimeoutError as error:
                self._refused()
                raise unavailable(error, self._retry_after) from error
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
