"""File system calls in threads, because they may block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, Self, TypeVar

from akako.kernel.files.space import write_failure

P = ParamSpec("P")
T = TypeVar("T")


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread. Waits even when cancelled: a file in use must not be closed.

    Raises FileNotFoundError unchanged, StorageFull, and ServiceUnavailable for other failures.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise
    except FileNotFoundError:
        raise
    except OSError as error:
        raise write_failure(error) from error


class Behind:
    """Calls of one task that run in a thread, in order, while the task continues.

    The next `call` or `done`, or the end of the block, raises the error of a call. After the
    block, also after a cancellation, no call is running.
    """

    def __init__(self) -> None:
        self._last: asyncio.Future[object] | None = None

    async def call(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        await self.done()
        self._last = asyncio.ensure_future(run(function, *args, **kwargs))

    async def done(self) -> None:
        """Wait until all calls have ended."""
        last = self._last
        if last is not None:
            try:
                await asyncio.shield(last)
            finally:
                if last.done():
                    self._last = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        last, cancelled = self._last, None
        while last is not None and not last.done():
            try:
                await asyncio.wait([last])
            except asyncio.CancelledError as error:
                cancelled = error
        problem = last.exception() if last is not None and not last.cancelled() else None
        if cancelled or (problem and kind is None):
            raise cancelled or problem  # type: ignore[misc]
