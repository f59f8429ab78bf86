"""One request and its answer on the wire, with as few writes and copies as can be.

uvicorn writes the head and the body of an answer apart, and its loop sends at once what is written:
two system calls, and the reader wakes up twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from akako.kernel.http.reply import Headers

# Below this many bytes a copy costs less than a second buffer in the write.
JOINED_BYTES = 64 * 1024
MOST_PIECES = 256  # that wait apart, however small
CONTROLS = bytes({*range(32), 127} - {9})


class Cycle(RequestResponseCycle):
    """uvicorn's, for answers that declare their length and name their headers in lower case.

    The head of an answer waits for the first bytes of its body, and both leave in one write. What
    has come of a request's body is handed on as it came.
    """

    head = b""
    pieces: Sequence[bytes] = ()  # of the request's body, that nobody asked for yet
    waiting = 0  # bytes in them

    def take(self, body: bytes) -> None:
        """More of the request's body has come."""
        if not isinstance(self.pieces, list):
            self.pieces = []
        self.pieces.append(body)
        if len(self.pieces) > MOST_PIECES:
            self.pieces = [b"".join(self.pieces)]
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
        closing = False
        for name, value in (*self.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
            if name == b"content-length":
                self.expected_content_length = int(value)
            elif name == b"connection" and value == b"close":
                closing = True
        if not self.keep_alive and not closing:
            lines += (b"connection", b": ", b"close", b"\r\n")
        self.keep_alive = self.keep_alive and not closing
        head = b"".join(lines)
        # Every line has two control characters, those of its end. One more, and it could be split.
        ends = 2 * ((len(lines) + 3) // 4)  # a line has four parts, the first has one
        if len(head) - len(head.translate(None, CONTROLS)) != ends:
            raise RuntimeError("A control character in a header")
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


# uvicorn has no setting for the class of its cycles.
httptools_impl.RequestResponseCycle = Cycle  # type: ignore[misc]
