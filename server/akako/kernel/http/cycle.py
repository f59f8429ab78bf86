"""One request and its answer on the wire, with as few writes and copies as can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from akako.kernel.http.reply import Headers

# Below this many bytes a copy costs less than a second buffer in the write.
JOINED_BYTES = 64 * 1024


class Cycle(RequestResponseCycle):
    """uvicorn's, with two things of its own.

    The head of an answer waits for the first bytes of its body, and both leave in one write. Names
    of headers are expected in lower case, and every answer declares its length.
    """

    head = b""
    pieces: Sequence[bytes] = ()  # of the request's body, that nobody asked for yet
    waiting = 0  # bytes in them

    def take(self, body: bytes) -> None:
        """More of the request's body has come."""
        if not isinstance(self.pieces, list):
            self.pieces = []
        self.pieces.append(body)
        self.waiting += len(body)
        if self.waiting > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.message_event.set()

    async def receive(self) -> Any:
        message = await super().receive()
        if message["type"] == "http.request":
            pieces, self.pieces, self.waiting = self.pieces, (), 0
            message["body"] = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return message

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_complete or (message["type"] == "http.response.start") is (
            self.response_started
        ):
            raise RuntimeError(f"{message['type']} does not follow what was sent")
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._begin(message["status"], message["headers"])

    def _begin(self, status: int, headers: Headers) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        lines = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
            if name == b"content-length":
                self.expected_content_length = int(value)
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        if not self.keep_alive and b"connection" not in lines:
            lines += (b"connection", b": ", b"close", b"\r\n")
        head = b"".join(lines)
        # A line has four parts, the first has one: more ends than lines, and a value split it.
        if not head.count(b"\n") == head.count(b"\r") == (len(lines) + 3) // 4:
            raise RuntimeError("A line break in a header")
        self.head = head + b"\r\n"

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body, self.expected_content_length = b"", 0
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0 or (self.expected_content_length and not more):
            raise RuntimeError("The body is not as long as was declared")
        self._write(body)
        if more:
            return
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _write(self, body: bytes) -> None:
        head, self.head = self.head, b""
        if head and len(body) > JOINED_BYTES:
            self.transport.writelines((head, body))
        elif head or body:
            self.transport.write(head + body if head else body)


# uvicorn has no setting for it.
httptools_impl.RequestResponseCycle = Cycle  # type: ignore[misc]
