"""Responses: complete in memory, or streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from akako.kernel.http.asgi import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", b"application/json; charset=utf-8")
NO_STORE = (b"cache-control", b"no-store")
# Shared caches and the cache of this process may store such a response.
PUBLIC_CACHE = (b"cache-control", b"public, max-age=30")
NOSNIFF = (b"x-content-type-options", b"nosniff")
SEALED = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_REFERRER = (b"referrer-policy", b"no-referrer")
PROTECTIVE: Headers = [NOSNIFF, SEALED, NO_REFERRER]


def wire(headers: dict[str, str]) -> Headers:
    """Encode headers. Raises ValueError for a line break in a value."""
    pairs = []
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"line break in the value of header {name}")
        pairs.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return pairs


class Response:
    """A complete response; an ASGI application that sends itself.

    `stored` is the body for repeated requests with the same idempotency key, if it is not `body`.
    """

    __slots__ = ("body", "headers", "status", "stored")

    def __init__(self, status: int, body: bytes = b"", headers: Headers | None = None) -> None:
        self.status = status
        self.body = body
        self.headers: Headers = headers if headers is not None else []
        self.stored: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self.headers
        if self.status not in (204, 304):
            headers = [*headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})


class FileResponse(Response):
    """A response whose body is sent in chunks: a file, a part of one, or rows of an export.

    Args:
        length: The number of bytes that `chunks` yields. None where it is not known before: the
            server then marks the end of the body itself (chunked, or by closing the connection).
        chunks: The body. An error in it closes the connection before the end of the body, so that
            the client sees that the response is incomplete; the status has been sent by then. It
            is closed when the client disconnects.
    """

    __slots__ = ("chunks", "length")

    def __init__(
        self,
        status: int,
        headers: Headers,
        *,
        length: int | None,
        chunks: AsyncGenerator[bytes, None],
    ) -> None:
        super().__init__(status, b"", headers)
        self.length = length
        self.chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self.headers
        if self.length is not None:
            headers = [*headers, (b"content-length", b"%d" % self.length)]
        gone = asyncio.create_task(_gone(receive))
        try:
            async with aclosing(self.chunks) as chunks:
                await send(
                    {"type": "http.response.start", "status": self.status, "headers": headers}
                )
                if scope["method"] != "HEAD":
                    async for chunk in chunks:
                        if gone.done():
                            return
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


async def _gone(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
