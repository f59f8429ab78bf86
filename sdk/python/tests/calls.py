"""One way to make a call through either client."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from akako_lms import AkakoAPI, AsyncAkakoAPI

Perform = Callable[[Any], Any]
Call = Callable[..., Any]


def call_blocking(perform: Perform, base_url: str, token: Any = None) -> Any:
    """Make a call through the blocking client; an iterator's items come as a list."""
    with AkakoAPI(base_url=base_url, token=token) as client:
        result = perform(client)
        return list(result) if isinstance(result, Iterator) else result


def call_async(perform: Perform, base_url: str, token: Any = None) -> Any:
    """The same through the async client."""

    async def run() -> Any:
        async with AsyncAkakoAPI(base_url=base_url, token=token) as client:
            result = perform(client)
            if isinstance(result, AsyncIterator):
                return [each async for each in result]
            return await result if inspect.isawaitable(result) else result

    return asyncio.run(run())
