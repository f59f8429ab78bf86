"""A small HTTP server that answers what a test tells it to, byte for byte."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

LEVEL = {
    "id": "level_1",
    "name": "High School",
    "description": "",
    "imageUrl": None,
    "isActive": True,
    "createdAt": "2026-01-31T08:00:00Z",
    "updatedAt": "2026-01-31T08:00:00.123456Z",
}
PAGINATION = {"page": 1, "limit": 20, "total": 1, "pages": 1, "hasNext": False, "hasPrev": False}


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer; `Content_Length` and the like become header names."""
    named = {"Content-Length": str(len(body)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + body


def success(data: Any, status: int = 200, **headers: str) -> bytes:
    return answer(
        status, json.dumps({"success": True, "data": data, "message": "ok"}).encode(), **headers
    )


def levels(**headers: str) -> bytes:
    body = {"success": True, "data": [LEVEL], "pagination": PAGINATION}
    return answer(200, json.dumps(body).encode(), **headers)


def refused(status: int, code: str, *, size: int | None = None, **headers: str) -> bytes:
    details = {} if size is None else {"size": size}
    body = {"success": False, "error": "No", "code": code, "details": details}
    return answer(status, json.dumps(body).encode(), X_Request_Id="req_1", **headers)


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Stalled(bytes):
    """An answer after which nothing comes, and the line stays open."""


@dataclass
class Scripted:
    """Gives its answers in turn, the last of them for ever; empty bytes: the line is cut."""

    answers: Sequence[bytes]
    url: str = ""
    received: list[Received] = field(default_factory=list)

    @property
    def following(self) -> bytes:
        """The answer to the next request."""
        return self.answers[min(len(self.received) + 1, len(self.answers)) - 1]

    def next_answer(self, received: Received) -> bytes:
        answer = self.following
        self.received.append(received)
        return answer

    def header(self, name: str) -> list[str | None]:
        return [each.headers.get(name) for each in self.received]


@contextmanager
def scripted(*answers: bytes) -> Iterator[Scripted]:
    script, over = Scripted(answers), threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            received = _read(self.rfile)
            if received:
                answer = script.next_answer(received)
                self.wfile.write(answer)
                if isinstance(answer, Stalled):
                    over.wait(30)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 20

    with Server(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}/api"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield script
        over.set()
        server.shutdown()


def _read(stream: Any) -> Received | None:
    line = stream.readline().decode().split(" ")
    if len(line) != 3:
        return None
    headers = {}
    while text := stream.readline().decode().strip():
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(stream))
    else:
        body = stream.read(int(headers.get("content-length", "0")))
    return Received(line[0], line[1], headers, body)


def _chunks(stream: Any) -> Iterator[bytes]:
    while size := int(stream.readline() or b"0", 16):
        yield stream.read(size)
        stream.readline()
