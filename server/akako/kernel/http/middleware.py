"""Middleware around the whole application: request id, common headers, CORS, metrics, log."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Collection

import structlog

from akako.kernel.http.asgi import ASGIApp, Message, Receive, Scope, Send
from akako.kernel.http.responses import Headers

log = structlog.get_logger("akako.access")

API_VERSION = b"2026-11-23"
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
CONTROL = re.compile(r"[^\x20-\x7e]")
EXPOSED = (
    b"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Quota-Limit, "
    b"X-Quota-Remaining, X-Quota-Reset, X-Upload-Quota-Limit, X-Upload-Quota-Remaining, "
    b"X-Upload-Quota-Reset, Retry-After, ETag, Link, Location, Content-Range, "
    b"Content-Disposition, X-Request-Id, Idempotent-Replayed, Tus-Resumable, Upload-Offset, "
    b"Upload-Length, Upload-Expires, Upload-Result, Upload-Metadata, Tus-Version, Tus-Extension, "
    b"Tus-Checksum-Algorithm, Accept-Ranges, X-API-Version, X-Time-Zone"
)
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range, "
    "X-Request-Id, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset, Upload-Checksum, "
    # Clients of tus send these, too; the server refuses the last two with a reason.
    "X-HTTP-Method-Override, Upload-Concat, Upload-Defer-Length, "
    # Tracing and monitoring libraries of browsers add these to every request.
    "X-Requested-With, traceparent, tracestate, baggage, sentry-trace"
)
NUMBERS = random.Random()  # noqa: S311 - they name requests and guard nothing
Observe = Callable[[str, str, int, float], None]


class ResponseHeaders:
    """Add the common headers. Calls `observe(method, route, status, seconds)` per response."""

    def __init__(
        self, app: ASGIApp, *, origins: Collection[str], observe: Observe, secure: bool
    ) -> None:
        self.app = app
        self.origins = {origin.encode("latin-1") for origin in origins}
        self.observe = observe
        self.secure = secure
        self.logs = log.is_enabled_for(logging.INFO)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        given = origin = None
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
            elif name == b"origin":
                origin = value
        known = given is not None and REQUEST_ID.fullmatch(given)
        request_id = given if known and given else b"%016x" % NUMBERS.getrandbits(64)
        scope["state"]["request_id"] = request_id.decode()
        common = self._common(scope, request_id, origin)
        status = 0

        async def send_with_common(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *common]
                if status == 404:
                    message["headers"] = _without_cors(message["headers"], scope)
            await send(message)

        try:
            await self.app(scope, receive, send_with_common)
        finally:
            route = scope["state"].get("route", "unmatched")
            seconds = time.perf_counter() - started
            self.observe(scope["method"], route, status, seconds)
            if self.logs:
                log.info(
                    "request",
                    request_id=request_id.decode(),
                    method=CONTROL.sub("?", scope["method"])[:16],
                    route=route,
                    status=status,
                    ms=round(seconds * 1000, 1),
                )

    def _common(self, scope: Scope, request_id: bytes, origin: bytes | None) -> Headers:
        headers: Headers = [
            (b"x-request-id", request_id),
            (b"x-api-version", API_VERSION),
            (b"vary", b"Origin"),
        ]
        if self.secure or scope.get("scheme") == "https":
            headers.append((b"strict-transport-security", b"max-age=31536000"))
        if origin is not None and origin in self.origins:
            headers.append((b"access-control-allow-origin", origin))
            headers.append((b"access-control-expose-headers", EXPOSED))
        return headers


def _without_cors(headers: Headers, scope: Scope) -> Headers:
    """Remove CORS headers from responses for unknown paths."""
    if scope["state"].get("route"):
        return headers
    return [pair for pair in headers if not pair[0].startswith(b"access-control-")]


def preflight(origin_allowed: bool, methods: Collection[str], more: Collection[str]) -> Headers:
    """Return the additional headers of a response to OPTIONS.

    `more` are names of request headers that the settings allow in addition.
    """
    headers: Headers = [(b"allow", ", ".join(sorted(methods)).encode())]
    if origin_allowed:
        headers += [
            (b"access-control-allow-methods", ", ".join(sorted(methods)).encode()),
            (b"access-control-allow-headers", ", ".join([ALLOWED_HEADERS, *more]).encode()),
            (b"access-control-max-age", b"600"),
        ]
    return headers
