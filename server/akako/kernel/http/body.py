"""Check the declared body of a request, and read it within limits of size and time."""

from __future__ import annotations

import asyncio
import re

from akako.kernel.core.errors import (
    BadRequest,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)
from akako.kernel.http.context import Context

JSON_BYTES = 64 * 1024
BODY_SECONDS = 15.0
FORM_OVERHEAD = 1024 * 1024  # bytes of a form beside its file
JSON_MEDIA = re.compile(rb'application/json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?\s*', re.IGNORECASE)


def declared_length(ctx: Context) -> int | None:
    text = ctx.headers.get(b"content-length")
    if text is None:
        return None
    if not re.fullmatch(rb"[0-9]{1,18}", text):
        raise BadRequest("invalid_content_length")
    return int(text)


def has_body(ctx: Context) -> bool:
    return b"transfer-encoding" in ctx.headers or bool(declared_length(ctx))


def check_declared(
    ctx: Context, *, limit: int, media: str, optional: bool, overhead: int = 0
) -> None:
    """Check a body by its headers, before a byte of it is read.

    Args:
        limit: maximum size in bytes.
        media: the accepted media type.
        optional: whether a request without body and type is accepted.
        overhead: additional bytes, where `limit` concerns only a part of the body.
    """
    length = declared_length(ctx)
    if length is not None and length > limit + overhead:
        raise PayloadTooLarge(limit)
    encoding = ctx.headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in (b"identity", b""):
        raise UnsupportedMediaType(encoding.decode("latin-1"), ["identity"])
    if optional and not has_body(ctx):
        return
    received = ctx.headers.get(b"content-type")
    if media == "application/json":
        accepted = received is not None and JSON_MEDIA.fullmatch(received.strip()) is not None
    else:
        accepted = (
            received is not None and received.split(b";")[0].strip().lower() == media.encode()
        )
    if not accepted:
        raise UnsupportedMediaType(received.decode("latin-1") if received else None, [media])


async def read_whole(ctx: Context, limit: int) -> bytes:
    """Return the body, at most `limit` bytes. Raises PayloadTooLarge or RequestTimeout."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in ctx.chunks():
                size += len(chunk)
                if size > limit:
                    raise PayloadTooLarge(limit)
                parts.append(chunk)
    except TimeoutError:
        raise RequestTimeout from None
    return b"".join(parts)
