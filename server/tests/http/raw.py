"""Requests written byte by byte, which no client library would send."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import httpx

from tests.parts.server import Server

SECONDS = 20.0


@contextmanager
def connection(api: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", api.port), timeout=SECONDS) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connected


def send(api: Server, request: bytes, *, method: str = "GET") -> httpx.Response:
    """The answer to a whole request; `method` tells whether a body follows it."""
    with connection(api) as connected:
        connected.sendall(request)
        return receive(connected, method=method)


def receive(connected: socket.socket, *, method: str = "GET") -> httpx.Response:
    """The next answer. Raise http.client.HTTPException or OSError when none comes."""
    answer = HTTPResponse(connected, method=method)
    answer.begin()
    headers = [(name.lower(), value) for name, value in answer.getheaders()]
    return httpx.Response(answer.status, headers=headers, content=answer.read())


def is_closed(connected: socket.socket) -> bool:
    """Whether the server ends the connection, after whatever it still has to say."""
    try:
        while connected.recv(65536):
            continue
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def head(target: str, *lines: str, method: str = "GET", host: str = "localhost") -> bytes:
    """A request head; `lines` are further header lines."""
    text = "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *lines])
    return text.encode("latin-1") + b"\r\n\r\n"
