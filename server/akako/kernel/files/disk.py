"""Calls to the file system, which may be slow, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, Self, TypeVar

from akako.kernel.files.space import write_failure

P = ParamSpec("P")
T = TypeVar("T")


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in a thread and wait for it even when cancelled: a file in use must not be closed.

    Raise FileNotFoundError as it comes, StorageFull, and ServiceUnavailable for other failures.
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
    """Calls of one task that are made in a thread, in order, while the task goes on.

    Each begins when the one before has ended; what one raises, `call` or `done` raises next, or the
    end of the block. When that is left, also by a cancellation, no call is under way any more.
    """

    def __init__(self) -> None:
        self._last: asyncio.Future[object] | None = None

    async def call(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        await self.done()
        self._last = asyncio.ensure_future(run(function, *args, **kwargs))

    async def done(self) -> None:
        """Wait until all calls have been made."""
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
