"""Send a stored file, or the requested part of it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog

from akako.activity import service as activity
from akako.authority import service as authority
from akako.filetypes.names import content_disposition
from akako.kernel.core.access import LEARNER, SIGNED_IN, Actor
from akako.kernel.core.errors import (
    InternalError,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServiceUnavailable,
)
from akako.kernel.core.etags import if_match, if_none_match
from akako.kernel.core.ports import ObjectStore
from akako.kernel.http.context import Context
from akako.kernel.http.responses import NO_REFERRER, NOSNIFF, FileResponse, Headers, Response
from akako.kernel.telemetry import metrics
from akako.library.queries import Playable
from akako.library.sending.conditional import (
    http_date,
    if_range_matches,
    modified_since,
    unmodified_since,
)
from akako.library.sending.handing_over import hand_over
from akako.library.sending.ranges import Part, parse_range

log = structlog.get_logger(__name__)

# Finds the file for the current actor. Raises an error if the actor may not read it.
Find = Callable[[Actor], Awaitable[Playable]]
# A download may take hours; entitlement is checked again in this interval.
RECHECK_SECONDS = 60.0

INLINE = ("application/pdf", "image/", "video/")


def etag(sha256: str) -> str:
    """Return the strong ETag of a file, the hash of its content."""
    return f'"sha256-{sha256}"'


def _headers(file: Playable, disposition: str | None) -> Headers:
    inline = disposition == "inline" and file.mime_type.startswith(INLINE)
    shown = content_disposition(file.file_name, inline=inline)
    mime = file.mime_type
    if mime.startswith("text/") and file.charset:
        mime += f"; charset={file.charset}"
    return [
        (b"content-type", mime.encode()),
        (b"content-disposition", shown.encode("latin-1")),
        (b"etag", etag(file.sha256).encode()),
        (b"last-modified", http_date(file.changed_at).encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"Authorization"),
        # A browser runs nothing in the file and loads nothing for it.
        (b"content-security-policy", b"sandbox; default-src 'none'"),
        (b"cross-origin-resource-policy", b"same-site"),
        NOSNIFF,
        NO_REFERRER,
    ]


def _is_held(ctx: Context, file: Playable) -> bool:
    tags = ctx.header("if-none-match")
    if tags is not None:
        return if_none_match(tags, etag(file.sha256))
    since = ctx.header("if-modified-since")
    return since is not None and unmodified_since(since, file.changed_at)


def _require_same(ctx: Context, file: Playable) -> None:
    """Raise PreconditionFailed if If-Match or If-Unmodified-Since does not hold."""
    tags = ctx.header("if-match")
    since = ctx.header("if-unmodified-since")
    if tags is not None:
        same = if_match(tags, etag(file.sha256))
    else:
        same = since is None or not modified_since(since, file.changed_at)
    if not same:
        raise PreconditionFailed(etag(file.sha256))


def _part(ctx: Context, file: Playable) -> Part | None:
    if ctx.method != "GET":  # ranges are defined for GET only
        return None
    changed_at = None if file.replaceable else file.changed_at
    if not if_range_matches(ctx.header("if-range"), etag(file.sha256), changed_at):
        return None
    return parse_range(ctx.header("range"), file.size)


async def send(ctx: Context, store: ObjectStore, find: Find, disposition: str | None) -> Response:
    """Return the response to a GET or HEAD request: 200, 206 or 304.

    Raises the errors of `find`, PreconditionFailed, RangeNotSatisfiable, and ServiceUnavailable if
    the store is unavailable.
    """
    file = await find(ctx.actor)
    if ctx.actor.has(LEARNER):
        activity.record_soon(ctx.db, ctx.actor.user_id)
    try:
        return await _answer(ctx, store, file, find, disposition)
    except FileNotFoundError:
        # Replaced or deleted between the two reads, unless the row is unchanged.
        newer = await find(ctx.actor)
        if newer.key != file.key:
            return await _answer(ctx, store, newer, find, disposition)
        log.error("object_missing", key=file.key)  # noqa: TRY400 - the trace says nothing more
        metrics.alert("object_missing")
        raise InternalError(ctx.id) from None


async def _answer(
    ctx: Context, store: ObjectStore, file: Playable, find: Find, disposition: str | None
) -> Response:
    headers = _headers(file, disposition)
    _require_same(ctx, file)
    if _is_held(ctx, file):
        return Response(304, b"", headers)
    try:
        part = _part(ctx, file)
    except RangeNotSatisfiable as problem:
        problem.headers["ETag"] = etag(file.sha256)
        raise
    if handed_over := await hand_over(ctx, store, file, part, headers):
        return handed_over
    start, end = (part.start, part.end) if part else (0, file.size)
    if part:
        headers.append((b"content-range", part.content_range(file.size).encode()))
    source = store.read(file.key, start, end) if ctx.method != "HEAD" else None
    # The first chunk is read before the status is sent, so that errors can still be reported.
    first = await anext(source, b"") if source else b""
    status = 206 if part else 200
    chunks = _chunks(first, source, partial(_recheck, ctx, find))
    return FileResponse(status, headers, length=end - start, chunks=chunks)


async def _recheck(ctx: Context, find: Find) -> None:
    """Raise Unauthorized or Forbidden if the caller may no longer read the file.

    Deleted or replaced files are sent to the end. An unavailable database does not stop a download.
    """
    with suppress(NotFound, ServiceUnavailable):
        await find(await authority.current(ctx.db, ctx.actor, SIGNED_IN))


async def _chunks(
    first: bytes, rest: AsyncIterator[bytes] | None, recheck: Callable[[], Awaitable[None]]
) -> AsyncGenerator[bytes, None]:
    checked = time.monotonic()
    try:
        if first:
            yield first
            del first  # a download may take hours
        if rest is not None:
            async for chunk in rest:
                if time.monotonic() - checked > RECHECK_SECONDS:
                    await recheck()
                    checked = time.monotonic()
                yield chunk
    finally:
        # A client that disconnects must release the connection to the store.
        if isinstance(rest, AsyncGenerator):
            await rest.aclose()
