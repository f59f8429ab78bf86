"""Middleware that rejects request heads on which servers and proxies can disagree.

It works under any ASGI server. Heads that are not valid HTTP are rejected by the server itself.
"""

from __future__ import annotations

import re
import secrets
from urllib.parse import unquote

from akako.kernel.core import envelope
from akako.kernel.core.errors import ApiError, BadRequest, HeadersTooLarge, UriTooLong
from akako.kernel.http.asgi import ASGIApp, Receive, Scope, Send
from akako.kernel.http.responses import JSON_TYPE, NO_STORE, PROTECTIVE, Headers, Response

TARGET_BYTES = 8 * 1024
HEADER_BYTES = 32 * 1024
HEADER_OVERHEAD = len(": \r\n")
METHOD_LENGTH = 64
VERSIONS = {"1.0", "1.1", "2", "3"}  # as ASGI servers spell them
# A Host header with other characters is not a host (RFC 9112, section 3.2).
HOST = re.compile(rb"[^\x00-\x20/?#\\\x7f-\xff]*")
ABSOLUTE = re.compile(
    rb"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\[\]/@:\s]+)(?::[0-9]{0,5})?(?=/|\Z)", re.IGNORECASE
)


class RequestHead:
    """Check the head of each request before the application sees it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = None
        if scope["type"] == "http":
            problem = find_problem(scope)
            raw = scope["raw_path"] = scope.get("raw_path") or scope["path"].encode()
            unusual = not raw.startswith(b"/") or b"#" in raw
            if unusual:
                problem = problem or _read_unusual_target(scope)
        if problem:
            response = Response(problem.status, envelope.error(problem), refusal_headers())
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def find_problem(scope: Scope) -> ApiError | None:
    """Return why a request head is rejected, or None.

    RFC 9112: a request of HTTP/1.1 has exactly one Host (section 3.2); a request with
    Transfer-Encoding and Content-Length may be smuggling (section 6.1).
    """
    if len(scope["raw_path"]) + len(scope["query_string"]) + 1 > TARGET_BYTES:
        return UriTooLong()
    size = hosts = 0
    lengths: set[bytes] = set()
    for name, value in scope["headers"]:
        size += len(name) + len(value) + HEADER_OVERHEAD
        if name == b"host":
            hosts += 1
            if not HOST.fullmatch(value):
                return BadRequest("malformed_request")
        elif name == b"transfer-encoding" or name == b"content-length":
            lengths.add(name)
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                return BadRequest("malformed_request")
    if size > HEADER_BYTES:
        return HeadersTooLarge()
    version = scope["http_version"]
    known = version in VERSIONS and len(scope["method"]) <= METHOD_LENGTH
    if hosts > 1 or len(lengths) > 1 or not known or (hosts == 0 and version == "1.1"):
        return BadRequest("malformed_request")
    return None


def _read_unusual_target(scope: Scope) -> ApiError | None:
    """Reduce a target in absolute form, or with a fragment, to its path and query.

    RFC 9112, section 3.2.2: a server must accept the absolute form. Host decides nothing here.
    """
    target, _, _ = scope["raw_path"].partition(b"#")
    if found := ABSOLUTE.match(target):
        target = target[found.end() :] or b"/"
    if not target.startswith(b"/"):
        return BadRequest("malformed_request")
    if b"#" in scope["raw_path"]:
        scope["query_string"] = b""
    scope["raw_path"] = target
    scope["path"] = unquote(target.decode("latin-1"))
    return None


def refusal_headers() -> Headers:
    """Return the headers of a response that ends the connection."""
    return [
        JSON_TYPE,
        NO_STORE,
        *PROTECTIVE,
        (b"x-request-id", secrets.token_hex(8).encode()),
        (b"connection", b"close"),
    ]
