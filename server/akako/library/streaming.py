"""Sending a stored file, or the part of it that was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog

from akako.kernel import metrics
from akako.kernel.conditional import (
    http_date,
    if_none_match,
    if_range_matches,
    unmodified_since,
)
from akako.kernel.errors import RangeNotSatisfiable
from akako.kernel.files.names import content_disposition
from akako.kernel.files.ranges import Part, parse_range
from akako.kernel.http.call import Call
from akako.kernel.http.reply import NO_REFERRER, NOSNIFF, Headers, Reply, StreamReply
from akako.kernel.ports import ObjectStore
from akako.library.queries import Playable

log = structlog.get_logger(__name__)

INLINE = ("application/pdf", "image/", "video/")


class ObjectMissing(Exception):
    """A row names an object that is not there; somebody has to look into it."""


def etag(sha256: str) -> str:
    """The strong tag of a file: its content's own hash."""
    return f'"sha256-{sha256}"'


def _headers(file: Playable, disposition: str | None) -> Headers:
    inline = disposition == "inline" and file.mime_type.startswith(INLINE)
    shown = content_disposition(file.file_name, inline=inline)
    mime = file.mime_type
    if mime.startswith("text/"):
        mime += "; charset=utf-8"
    return [
        (b"content-type", mime.encode()),
        (b"content-disposition", shown.encode("latin-1")),
        (b"etag", etag(file.sha256).encode()),
        (b"last-modified", http_date(file.changed_at).encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"Authorization"),
        # Whatever a file turns out to be, it runs nothing and reaches nothing.
        (b"content-security-policy", b"sandbox; default-src 'none'"),
        (b"cross-origin-resource-policy", b"same-site"),
        NOSNIFF,
        NO_REFERRER,
    ]


def _is_held(call: Call, file: Playable) -> bool:
    tags = call.header("if-none-match")
    if tags is not None:
        return if_none_match(tags, etag(file.sha256))
    since = call.header("if-modified-since")
    return since is not None and unmodified_since(since, file.changed_at)


def _part(call: Call, file: Playable) -> Part | None:
    if not if_range_matches(call.header("if-range"), etag(file.sha256), file.changed_at):
        return None
    return parse_range(call.header("range"), file.size)


async def send(call: Call, store: ObjectStore, file: Playable, disposition: str | None) -> Reply:
    """The answer to a GET or HEAD: 200, 206 or 304.

    Raise RangeNotSatisfiable, ServiceUnavailable while the store is away, ObjectMissing.
    """
    headers = _headers(file, disposition)
    if _is_held(call, file):
        return Reply(304, b"", headers)
    try:
        part = _part(call, file)
    except RangeNotSatisfiable as problem:
        problem.headers["ETag"] = etag(file.sha256)
        raise
    start, end = (part.start, part.end) if part else (0, file.size)
    if part:
        headers.append((b"content-range", part.content_range(file.size).encode()))
    chunks = await _opened(store, file, start, end, body=call.method != "HEAD")
    status = 206 if part else 200
    return StreamReply(status, headers, length=end - start, chunks=chunks)


async def _opened(
    store: ObjectStore, file: Playable, start: int, end: int, *, body: bool
) -> AsyncIterator[bytes]:
    """The chunks, the first of them fetched already: from here on no status can be sent."""
    if not body:
        return _chunks(b"", None)
    source = aiter(store.read(file.key, start, end))
    try:
        first = await anext(source, b"")
    except FileNotFoundError:
        log.error("object_missing", key=file.key)  # noqa: TRY400 - the trace says nothing more
        metrics.alert("object_missing")
        raise ObjectMissing from None
    return _chunks(first, source)


async def _chunks(first: bytes, rest: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    try:
        if first:
            yield first
        if rest is not None:
            async for chunk in rest:
                yield chunk
    finally:
        # A reader who leaves early must not keep the store's connection.
        if rest is not None and hasattr(rest, "aclose"):
            await rest.aclose()
