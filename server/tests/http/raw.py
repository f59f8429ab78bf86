"""Requests written byte by byte, which no client library would send."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import parse_headers

import httpx2

from tests.parts.server import Server

SECONDS = 20.0


class Connection:
    """A connection to the server, on which answers are read one after the other."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._incoming = connected.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, *, method: str = "GET") -> httpx2.Response:
        """The next answer. Raise OSError or ValueError when none comes."""
        status = int(self._incoming.readline().split(b" ")[1] or 0)
        headers = [(name.lower(), value) for name, value in parse_headers(self._incoming).items()]
        length = int(dict(headers).get("content-length", 0))
        body = b"" if method == "HEAD" else self._incoming.read(length)
        assert len(body) == length or method == "HEAD"
        return httpx2.Response(status, headers=headers, content=body)

    def is_closed(self) -> bool:
        """Whether the server has nothing more to say and ends the connection."""
        try:
            return self._incoming.read(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        self._incoming.close()
        self.socket.close()


@contextmanager
def connection(api: Server, seconds: float = SECONDS) -> Iterator[Connection]:
    connected = socket.create_connection(("127.0.0.1", api.port), timeout=seconds)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened = Connection(connected)
    try:
        yield opened
    finally:
        opened.close()


def send(api: Server, request: bytes, *, method: str = "GET") -> httpx2.Response:
    """The answer to a whole request; `method` tells whether a body follows its head."""
    with connection(api) as connected:
        connected.send(request)
        return connected.receive(method=method)


def head(target: str, *lines: str, method: str = "GET", host: str = "localhost") -> bytes:
    """A request head; `lines` are further header lines."""
    text = "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *lines])
    return text.encode("latin-1") + b"\r\n\r\n"
