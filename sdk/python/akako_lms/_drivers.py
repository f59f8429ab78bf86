"""How waiting is done: the only two places where sync and async differ.

All calls are written once, as coroutines that wait only through a driver. The blocking driver
never suspends, so its coroutines run from start to end in one step, on the caller's own stack.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

import httpx2

T = TypeVar("T")
Token = str | Callable[[], str] | None
AsyncToken = str | Callable[[], str | Awaitable[str]] | None
CONNECT_SECONDS = 5.0


def _timeout(seconds: float | None) -> httpx2.Timeout:
    """Return the limits of one request. Waiting for a free connection has none of its own."""
    if seconds is not None and not seconds > 0:
        raise ValueError(f"timeout must be more than 0 seconds, not {seconds}")
    connect = CONNECT_SECONDS if seconds is None else min(CONNECT_SECONDS, seconds)
    return httpx2.Timeout(seconds, connect=connect, pool=None)


class Content(NamedTuple):
    """A body to send: its pieces, and whom to tell how many bytes are gone."""

    chunks: Iterator[bytes]
    sent: Callable[[int], None]


class Driver(Protocol):
    """What the calls need of the outside world."""

    @property
    def client(self) -> httpx2.Client | httpx2.AsyncClient: ...
    async def token(self) -> str | None: ...
    async def send(self, request: httpx2.Request) -> httpx2.Response: ...
    async def read(self, response: httpx2.Response) -> bytes: ...
    async def close(self, response: httpx2.Response) -> None: ...
    async def next_chunk(self, response: httpx2.Response) -> bytes: ...
    async def sleep(self, seconds: float) -> None: ...
    async def work(self, function: Callable[[], T]) -> T: ...
    def content(self, content: Content) -> Iterator[bytes] | AsyncIterator[bytes]: ...


class Blocking:
    """Waits in the calling thread."""

    def __init__(self, token: Token, *, trust_env: bool, timeout: float | None) -> None:
        self.client = httpx2.Client(timeout=_timeout(timeout), trust_env=trust_env)
        self._token = token

    async def token(self) -> str | None:
        return self._token() if callable(self._token) else self._token

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        return self.client.send(request, stream=True)

    async def read(self, response: httpx2.Response) -> bytes:
        return response.read()

    async def close(self, response: httpx2.Response) -> None:
        response.close()

    async def next_chunk(self, response: httpx2.Response) -> bytes:
        chunks: Iterator[bytes] = response.extensions.setdefault("chunks", response.iter_raw())
        return next(chunks, b"")

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - blocking is this driver's purpose

    async def work(self, function: Callable[[], T]) -> T:
        return function()

    def content(self, content: Content) -> Iterator[bytes]:
        for chunk in content.chunks:
            yield chunk
            content.sent(len(chunk))

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        try:
            call.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        call.close()
        raise RuntimeError("a blocking call was suspended")


class Awaiting:
    """Waits on the event loop; files are read there in a thread of their own."""

    def __init__(self, token: AsyncToken, *, trust_env: bool, timeout: float | None) -> None:
        self.client = httpx2.AsyncClient(timeout=_timeout(timeout), trust_env=trust_env)
        self._token = token

    async def token(self) -> str | None:
        token = self._token() if callable(self._token) else self._token
        return await token if inspect.isawaitable(token) else token

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        return await self.client.send(request, stream=True)

    async def read(self, response: httpx2.Response) -> bytes:
        return await response.aread()

    async def close(self, response: httpx2.Response) -> None:
        await response.aclose()

    async def next_chunk(self, response: httpx2.Response) -> bytes:
        chunks: AsyncIterator[bytes]
        chunks = response.extensions.setdefault("chunks", response.aiter_raw())
        return await anext(chunks, b"")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def work(self, function: Callable[[], T]) -> T:
        return await asyncio.to_thread(function)

    async def content(self, content: Content) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(next, content.chunks, b""):
            yield chunk
            content.sent(len(chunk))

    def run(self, call: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        return call
