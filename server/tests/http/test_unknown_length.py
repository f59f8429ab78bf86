"""A streamed response of unknown length, through the server's own protocol."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import httpx2
import pytest
import uvicorn

from akako.kernel.http.responses import FileResponse
from akako.wire.connections import Connections
from akako.wire.protocol import BoundedProtocol
from tests.parts.server import CLIENT_SECONDS

CSV = [(b"content-type", b"text/csv")]
ROWS = 5000
START_SECONDS = 20


async def rows(*, fail: bool = False) -> AsyncGenerator[bytes, None]:
    for number in range(ROWS):
        if fail and number == ROWS // 2:
            raise ValueError("the export broke off")
        yield b"%d,name\n" % number
        if number % 1000 == 0:
            yield b""


async def export(scope: Any, receive: Any, send: Any) -> None:
    reply = FileResponse(200, CSV, length=None, chunks=rows(fail=scope["path"] == "/cut"))
    await reply(scope, receive, send)


@contextmanager
def serving() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        protocol = cast(Any, partial(BoundedProtocol, Connections(100)))
        config = uvicorn.Config(export, http=protocol, ws="none", lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(START_SECONDS)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as port:
        yield port


EXPECTED = b"".join(b"%d,name\n" % number for number in range(ROWS))


def test_it_arrives_whole_and_the_connection_stays(port: int) -> None:
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=CLIENT_SECONDS) as client:
        for _ in range(3):
            answer = client.get("/")
            assert answer.content == EXPECTED
            assert "content-length" not in answer.headers
            assert answer.headers["transfer-encoding"] == "chunked"
        assert client.head("/").content == b""
        assert client.get("/").content == EXPECTED


def test_a_response_that_breaks_off_is_seen_as_incomplete(port: int) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"http://127.0.0.1:{port}/cut", timeout=CLIENT_SECONDS)


def test_http_1_0_reads_to_the_end_of_the_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        received = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body == EXPECTED
