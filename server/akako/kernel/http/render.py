"""Convert the result or error of a handler to a response."""

from __future__ import annotations

from typing import Any

from akako.kernel.core import envelope, etags
from akako.kernel.core.envelope import Created, Listed
from akako.kernel.core.errors import ApiError
from akako.kernel.db import pages
from akako.kernel.http import responses as reply
from akako.kernel.http.context import Context
from akako.kernel.http.responses import Headers, Response

READS = ("GET", "HEAD")


def failure(problem: ApiError) -> Response:
    headers = [reply.JSON_TYPE, *reply.PROTECTIVE]
    if "Cache-Control" not in problem.headers:
        headers.append(reply.NO_STORE)
    return Response(problem.status, envelope.error(problem), headers + reply.wire(problem.headers))


def render(ctx: Context, result: Any) -> Response:
    """Return the response for the result of a handler."""
    if isinstance(result, Response):
        return result
    headers: Headers = [reply.JSON_TYPE, *reply.PROTECTIVE]
    if isinstance(result, Listed):
        if result.next and ctx.listing:
            following = pages.link(ctx.scope["path"], ctx.listing, result.next)
            headers.append((b"link", following.encode("latin-1")))
        raw = envelope.listing(result.data, result.pagination)
        return _cacheable(ctx, Response(200, raw, headers + reply.wire(result.headers)))
    raw = envelope.success(result.data, result.message)
    if isinstance(result, Created):
        headers.append((b"location", result.location.encode("latin-1")))
    if result.etag:
        headers.append((b"etag", etags.of(result.data).encode()))
    answer = Response(
        201 if isinstance(result, Created) else 200, raw, headers + reply.wire(result.headers)
    )
    if result.stored is not None:
        answer.stored = envelope.success(result.stored, result.message)
    return _cacheable(ctx, answer)


def _cacheable(ctx: Context, answer: Response) -> Response:
    """Decide whether caches may store the response. Nothing else decides that."""
    if ctx.method not in READS:
        answer.headers.append(reply.NO_STORE)
        return answer
    anonymous = ctx.public and ctx.maybe_actor is None
    tag = next((value for name, value in answer.headers if name == b"etag"), None)
    if anonymous:
        if tag is None:
            tag = etags.weak(answer.body)
            answer.headers.append((b"etag", tag))
        answer.headers.append(reply.PUBLIC_CACHE)
        answer.headers.append((b"vary", b"Authorization"))
    else:
        answer.headers.append(reply.NO_STORE)
    return answer


def unless_held(ctx: Context, answer: Response) -> Response:
    """Return 304 if the caller has this version. File responses check that themselves."""
    condition = ctx.headers.get(b"if-none-match")
    if condition is None or type(answer) is not Response or answer.status != 200:
        return answer
    if ctx.method not in READS:
        return answer
    tag = next((value for name, value in answer.headers if name == b"etag"), None)
    if tag is None or not etags.is_held(condition.decode("latin-1"), tag.decode()):
        return answer
    return Response(304, b"", [pair for pair in answer.headers if pair[0] != b"content-type"])
