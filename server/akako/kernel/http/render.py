"""From what a handler returned, or raised, to the answer on the wire."""

from __future__ import annotations

from typing import Any

from akako.kernel.core import envelope, etags
from akako.kernel.core.envelope import Created, Listed
from akako.kernel.core.errors import ApiError
from akako.kernel.db import pages
from akako.kernel.http import reply
from akako.kernel.http.call import Call
from akako.kernel.http.reply import Headers, Reply

READS = ("GET", "HEAD")


def failure(problem: ApiError) -> Reply:
    headers = [reply.JSON_TYPE, *reply.PROTECTIVE]
    if "Cache-Control" not in problem.headers:
        headers.append(reply.NO_STORE)
    return Reply(problem.status, envelope.error(problem), headers + reply.wire(problem.headers))


def render(call: Call, result: Any) -> Reply:
    """Put what a handler returned on the wire."""
    if isinstance(result, Reply):
        return result
    headers: Headers = [reply.JSON_TYPE, *reply.PROTECTIVE]
    if isinstance(result, Listed):
        if result.next and call.listing:
            following = pages.link(call.scope["path"], call.listing, result.next)
            headers.append((b"link", following.encode("latin-1")))
        raw = envelope.listing(result.data, result.pagination)
        return _cacheable(call, Reply(200, raw, headers + reply.wire(result.headers)))
    raw = envelope.success(result.data, result.message)
    if isinstance(result, Created):
        headers.append((b"location", result.location.encode("latin-1")))
    if result.etag:
        headers.append((b"etag", etags.of(result.data).encode()))
    answer = Reply(
        201 if isinstance(result, Created) else 200, raw, headers + reply.wire(result.headers)
    )
    return _cacheable(call, answer)


def _cacheable(call: Call, answer: Reply) -> Reply:
    """Decide whether caches may store the response. Nothing else decides that."""
    if call.method not in READS:
        answer.headers.append(reply.NO_STORE)
        return answer
    anonymous = call.public and call.maybe_actor is None
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


def unless_held(call: Call, answer: Reply) -> Reply:
    """Send no body to a caller who has this version already. Files look at that themselves."""
    condition = call.headers.get(b"if-none-match")
    if condition is None or type(answer) is not Reply or answer.status != 200:
        return answer
    if call.method not in READS:
        return answer
    tag = next((value for name, value in answer.headers if name == b"etag"), None)
    if tag is None or not etags.is_held(condition.decode("latin-1"), tag.decode()):
        return answer
    return Reply(304, b"", [pair for pair in answer.headers if pair[0] != b"content-type"])
