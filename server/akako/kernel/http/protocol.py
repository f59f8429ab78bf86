"""The wire protocol of the server: bounded request heads, and an envelope for every refusal."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from akako.kernel import envelope
from akako.kernel.errors import ApiError, BadRequest, HeadersTooLarge, RequestTimeout, UriTooLong
from akako.kernel.http.cycle import Cycle

TARGET_BYTES = 8 * 1024
HEADER_BYTES = 32 * 1024
HEAD_SECONDS = 15.0
LINGER_SECONDS = 2.0
# The parser gives up on a method that is not in its own list; this one is, and nobody serves it.
UNSERVED = b"TRACE "
SERVED = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ")
METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} (?=/)")
HOST = re.compile(rb"[^\x00-\x20/?#\\\x7f-\xff]*")
PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
}


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol with limits on what comes before the body."""

    head_bytes = 0
    kept_bytes = 0
    hosts = 0
    in_head = False
    in_message = False
    refused = False
    head_timer: asyncio.TimerHandle | None = None
    answering: Any = None  # the cycle whose answer is due
    waiting_refusal: ApiError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return
        # The parser tells of a header when it is whole, and would keep any amount until then.
        self.kept_bytes += len(data)
        if not self.in_message and not data.startswith(SERVED):
            data = METHOD.sub(UNSERVED, data, count=1) if METHOD.match(data) else data
        super().data_received(data)
        if self.kept_bytes > HEADER_BYTES:
            self._refuse(HeadersTooLarge())
        elif self.in_head and self.head_timer is None:
            self.head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def on_message_begin(self) -> None:
        self.in_head = self.in_message = True
        self.head_bytes = self.kept_bytes = self.hosts = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self.kept_bytes = 0
        super().on_url(url)
        if len(self.url) > TARGET_BYTES:
            self._refuse(UriTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        self.kept_bytes = 0
        lowered = name.lower()
        if lowered == b"host":
            # Whatever is no host counts as two of them.
            self.hosts += 1 if HOST.fullmatch(value) else 2
        # The parser undoes chunks and nothing else, and would hand on what is packed as it is.
        elif lowered == b"transfer-encoding" and value.strip().lower() != b"chunked":
            self._refuse(BadRequest("malformed_request"))
        self.head_bytes += len(name) + len(value) + 4
        if self.head_bytes > HEADER_BYTES:
            self._refuse(HeadersTooLarge())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_head = False
        self._stop_timer()
        if self.hosts > 1 or (self.hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._refuse(BadRequest("malformed_request"))
        if not self.refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.kept_bytes = 0
        cycle = cast(Cycle, self.cycle)
        if not self.refused and not cycle.response_complete:
            cycle.take(body)

    def on_message_complete(self) -> None:
        self.in_message = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest("malformed_request"))

    def _stop_timer(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _head_is_late(self) -> None:
        self.head_timer = None
        if self.in_head:
            self._refuse(RequestTimeout())
        else:
            self.transport.close()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Another request before the refused one may have been queued, and have begun by now.
        done = self.answering.response_complete and not self.transport.is_closing()
        if self.waiting_refusal and done:
            self._send_refusal(self.waiting_refusal)

    def _refuse(self, problem: ApiError) -> None:
        """Say what is wrong, after the answers to the requests before, and end the connection."""
        if self.refused:
            return
        self.refused = True
        newest: Any = self.cycle  # None before the first request, whatever its type says
        if newest is None or newest.response_complete:
            self._send_refusal(problem)
        elif newest is not self.answering or not newest.more_body:
            if newest.more_body:  # it is the one whose body is refused, and nobody answers it
                self.pipeline.popleft()
            self.waiting_refusal = problem
        elif newest.response_started:
            # Its bytes must not be mixed with others; the connection ends with it.
            newest.keep_alive = False
        else:
            newest.disconnected = True
            newest.message_event.set()
            self._send_refusal(problem)

    def _send_refusal(self, problem: ApiError) -> None:
        body = envelope.error(problem)
        head: list[Any] = [
            b"HTTP/1.1 %d %s" % (problem.status, PHRASES[problem.status]),
            b"content-type: application/json; charset=utf-8",
            b"content-length: %d" % len(body),
            b"cache-control: no-store",
            b"x-content-type-options: nosniff",
            b"content-security-policy: default-src 'none'; frame-ancestors 'none'",
            b"referrer-policy: no-referrer",
            b"x-request-id: " + secrets.token_hex(8).encode(),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + body)
        # Closed at once, with more on its way in, the connection would be reset under the answer.
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
