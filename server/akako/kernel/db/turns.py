"""Bound the number of tasks that do the same work at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from akako.kernel.db.database import unavailable


class Turns:
    """Admit `count` tasks at a time; the others wait in order, for at most `seconds`.

    `async with turns` holds a turn. A task that waited in vain gets ServiceUnavailable with
    `retry_after` in seconds, after a call of `refused`.
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

    async def __aenter__(self) -> None:
        """Take a turn. Raise ServiceUnavailable if none is free in time."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self.seconds):
                await self._free.acquire()
        except TimeoutError as error:
            self._refused()
            raise unavailable(error, self._retry_after) from error

    async def __aexit__(self, *_: object) -> None:
        self._free.release()
