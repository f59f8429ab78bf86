"""One way to make a call through either client."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest

from akako_lms import AkakoAPI, AsyncAkakoAPI, _drivers
from scripted import Scripted, Stalled

Perform = Callable[[Any], Any]
Call = Callable[..., Any]
STALL_SECONDS = 1.0


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


def shorten_stalls(monkeypatch: pytest.MonkeyPatch, server: Scripted) -> None:
    """Wait STALL_SECONDS for the bytes of a stalled answer, and for others as long as usual."""

    def shortened(send: Any) -> Any:
        async def send_request(driver: Any, request: httpx2.Request) -> httpx2.Response:
            if isinstance(server.following, Stalled):
                request.extensions["timeout"]["read"] = STALL_SECONDS
            response: httpx2.Response = await send(driver, request)
            return response

        return send_request

    for driver in (_drivers.Blocking, _drivers.Awaiting):
        monkeypatch.setattr(driver, "send", shortened(driver.send))
