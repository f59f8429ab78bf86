"""uvicorn's h11 protocol, with limits on connections, heads and inactivity (decision 0015)."""

from __future__ import annotations

import asyncio
import socket
import sys
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from akako.kernel.core import envelope
from akako.kernel.core.errors import (
    ApiError,
    BadRequest,
    HeadersTooLarge,
    RequestTimeout,
    UriTooLong,
)
from akako.wire.connections import Connections
from akako.wire.head import HEADER_BYTES, TARGET_BYTES, refusal_headers

BUFFERED_BYTES = HEADER_BYTES + TARGET_BYTES + 8 * 1024  # a larger head is rejected unparsed
HEAD_SECONDS = 15.0
IDLE_SECONDS = 75.0
DISCARD_SECONDS = 10.0  # for the rest of a request body after the response
LINGER_SECONDS = 2.0
BODY_SECONDS = 60.0  # without a byte of a request body that the application waits for
STALLED_READER_MS = 60_000
NOTSENT_BYTES = 128 * 1024  # in the kernel, which would keep megabytes for a stalled reader


TOO_MANY_CONNECTIONS = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedProtocol(H11Protocol):
    """One connection. Pass `limits` with functools.partial; uvicorn passes the other arguments."""

    def __init__(self, limits: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.refused = False
        self.head_since: float | None = None  # start of an incomplete request head
        self.idle_since = self.loop.time()  # connection made or last response complete
        self.received_at = self.idle_since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _bound_slow_readers(transport.get_extra_info("socket"))
        if not self.limits.admit(self, self.client[0] if self.client else ""):
            self.refused = True
            transport.write(TOO_MANY_CONNECTIONS)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.refused:
            self.received_at = self.loop.time()
            super().data_received(data)
            self._note_head()

    def on_response_complete(self) -> None:
        self.idle_since = self.loop.time()
        super().on_response_complete()
        self._note_head()

    def send_400_response(self, msg: str) -> None:
        """Reject a malformed request. uvicorn calls this while it handles the error of h11."""
        error = sys.exception() if sys.version_info >= (3, 11) else sys.exc_info()[1]
        if getattr(error, "error_status_hint", 400) != 431:
            self._refuse(BadRequest("malformed_request"))
        elif b"\n" in self.conn.trailing_data[0][: TARGET_BYTES + len(" HTTP/1.1 OPTIONS ")]:
            self._refuse(HeadersTooLarge())
        else:
            self._refuse(UriTooLong())

    def unsent(self) -> int:
        """Return the bytes of responses that the client has not accepted yet."""
        return self.transport.get_write_buffer_size()

    def is_idle(self) -> bool:
        """Return whether the connection waits for the first byte of a request."""
        return self.conn.our_state is h11.IDLE and self.head_since is None

    def check(self, now: float) -> None:
        """Close the connection if its present state has lasted too long."""
        if self.refused:
            return
        if self.head_since is not None:
            if now - self.head_since > HEAD_SECONDS:
                self._refuse(RequestTimeout())
        elif self.conn.our_state is h11.IDLE:
            first = self.cycle is None
            if now - self.idle_since > (HEAD_SECONDS if first else IDLE_SECONDS):
                self.transport.close()
        elif self.conn.their_state is h11.SEND_BODY:
            self._check_body(now)

    def _check_body(self, now: float) -> None:
        """Close the connection if a request body is late, or continues after its response."""
        if self.cycle.response_complete:
            if now - self.idle_since > DISCARD_SECONDS:
                self.transport.abort()
        elif not self.flow.read_paused and now - self.received_at > BODY_SECONDS:
            self._refuse(RequestTimeout())

    def abort(self) -> None:
        self.transport.abort()

    def _note_head(self) -> None:
        """Record since when a part of a request head has been waiting for the rest."""
        waiting = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
        self.head_since = (self.head_since or self.loop.time()) if waiting else None

    def _refuse(self, problem: ApiError) -> None:
        """Send an error response without the application, and close the connection."""
        self.refused = True
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # a response has been started
            return
        body = envelope.error(problem)
        headers = [*refusal_headers(), (b"content-length", b"%d" % len(body))]
        phrase = HTTPStatus(problem.status).phrase.encode()
        parts = (
            h11.Response(status_code=problem.status, headers=headers, reason=phrase),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        self.transport.write(b"".join(self.conn.send(part) or b"" for part in parts))
        # With unread input, an immediate close would reset the connection and discard the response.
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def _bound_slow_readers(connection: socket.socket) -> None:
    """Limit the time and the memory that the kernel gives to a reader that accepts no bytes."""
    if connection.family == socket.AF_UNIX:
        return
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_READER_MS)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_BYTES)
