"""Every state of a connection ends: what is slow, silent or endless is closed, in bounded time."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest
import structlog.testing

from akako.wire import connections, protocol
from tests.wire.listener import GET, listening, respond

POST = b"POST /x HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SIZED = POST + b"Content-Length: 9\r\n\r\n"
CLOSING = GET[:-2] + b"Connection: close\r\n\r\n"
LARGE = bytes(8 * 1024 * 1024)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits in tenths of a second, so that each of them can be waited for."""
    monkeypatch.setattr(connections, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(protocol, "STALLED_READER_MS", 500)
    for name in ("HEAD", "BODY", "IDLE", "DISCARD", "LINGER"):
        monkeypatch.setattr(protocol, f"{name}_SECONDS", 0.3)


def statuses(data: bytes) -> list[int]:
    return [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", []),
        (b"\r\n", [400]),
        (b"G", [408]),
        (GET[:-2], [408]),
        (GET, [200]),
        (GET + b"G", [200, 408]),
        (GET + GET[:-1], [200, 408]),
        (GET + b"\r\n", [200, 400]),
        (SIZED, [408]),
        (SIZED + b"half", [408]),
        (CHUNKED, [408]),
        (CHUNKED + b"4", [408]),
        (CHUNKED + b"4\r\nab", [408]),
        (CHUNKED + b"4\r\nabcd", [408]),
        (CHUNKED + b"4\r\nabcd\r\n0\r\nX-Trailer: half", [408]),
        (GET + SIZED + b"half", [200, 408]),
    ],
)
async def test_a_silent_client_is_closed(sent: bytes, expected: list[int]) -> None:
    async with listening() as server:
        assert statuses(await server.ask(sent)) == expected
        await server.until(lambda: not server.connections)


@pytest.mark.parametrize("sent", [GET[:9], SIZED[:-4], b"\r\n\r\n"])
async def test_a_head_that_drips_is_closed(sent: bytes) -> None:
    async with listening() as server:
        reader, writer = await server.open(sent)
        closed = asyncio.create_task(reader.read())
        async with asyncio.timeout(10):
            while not closed.done():
                writer.write(b"\r\n" if sent == b"\r\n\r\n" else b"a")
                await asyncio.sleep(0.05)
        writer.close()
        await server.until(lambda: not server.connections)
        assert statuses(closed.result()) in ([400], [408])


async def test_the_rest_of_a_body_is_awaited_only_for_a_while() -> None:
    """The client drips, so that only a total limit ends it."""

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"no", status=404)

    async with listening(refuse) as server:
        reader, writer = await server.open(POST + b"Content-Length: 99999\r\n\r\n")
        assert statuses(await reader.readline()) == [404]
        async with asyncio.timeout(10):
            while server.connections:
                writer.write(b"a")
                await asyncio.sleep(0.05)
        writer.close()


async def stalled(port: int, request: bytes) -> socket.socket:
    """A client that asks and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, request)
    return client


async def send_large(scope: Any, receive: Any, send: Any) -> None:
    await respond(send, LARGE)


async def send_stream(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"%d" % (64 * len(LARGE)))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(64):
        await send({"type": "http.response.body", "body": LARGE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("app", [send_large, send_stream])
@pytest.mark.parametrize(
    "request_", [GET, GET * 1000, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")]
)
async def test_a_reader_that_stalls_is_closed(app: Any, request_: bytes) -> None:
    async with listening(app) as server:
        client = await stalled(server.port, request_)
        await server.until(lambda: len(server.connections) == 1)
        await server.until(lambda: not server.connections and not server.tasks)
        assert not server.tasks
        client.close()


async def test_a_reader_that_drips_is_closed() -> None:
    async with listening(send_large) as server:
        client = await stalled(server.port, GET)
        await server.until(lambda: len(server.connections) == 1)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while server.connections:
                await loop.sock_recv(client, 1)
                await asyncio.sleep(0.02)
        assert not server.connections
        client.close()


async def test_a_reader_that_is_slow_but_reads_is_not_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "STALLED_READER_MS", 5_000)  # longer than a pause of this process
    async with listening(send_large) as server:
        client = await stalled(server.port, GET)
        loop = asyncio.get_running_loop()
        received = 0
        started = loop.time()
        async with asyncio.timeout(60):
            # At most 5 of the 8 MiB: then the response has not ended.
            while received < 512 * 1024 or loop.time() < started + 6:
                received += len(await loop.sock_recv(client, 4096))
                await asyncio.sleep(0.005)
        assert server.connections
        client.close()


async def test_stalled_readers_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALLED_READER_MS", 60_000)
    monkeypatch.setattr(connections, "UNSENT_BYTES", 2 * len(LARGE))
    async with listening(send_large) as server:
        clients = [await stalled(server.port, GET) for _ in range(8)]
        await server.until(lambda: len(server.log) == 8)
        await server.until(
            lambda: (
                sum(each.unsent() for each in server.connections) <= 2 * len(LARGE)
                and 0 < len(server.connections) < 8
            )
        )
        assert 0 < sum(each.unsent() for each in server.connections) <= 2 * len(LARGE)
        for client in clients:
            client.close()


async def test_a_pipeline_is_read_one_request_at_a_time() -> None:
    """16 MB of requests are sent; the server holds no more than one read of them."""
    waits = asyncio.Event()

    async def wait(scope: Any, receive: Any, send: Any) -> None:
        await waits.wait()
        await respond(send, b"")

    async with listening(wait) as server:
        reader, writer = await server.open()
        writer.transport.set_write_buffer_limits(0)
        writer.write(GET * (16 * 1024 * 1024 // len(GET)))
        await server.until(lambda: len(server.log) == 1)
        await asyncio.sleep(0.2)
        (connection,) = server.connections
        assert len(server.log) == 1
        assert len(connection.conn.trailing_data[0]) <= 512 * 1024
        assert writer.transport.get_write_buffer_size() > 1024 * 1024
        waits.set()
        await server.until(lambda: len(server.log) > 100)
        assert len(server.tasks) <= 2
        writer.transport.abort()
        await server.until(lambda: not server.connections)
        assert await reader.read()


async def test_a_body_waits_for_the_application() -> None:
    """The client is not late while the application does not read."""
    goes_on = asyncio.Event()
    sizes = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await goes_on.wait()
        more = True
        while more:
            message = await receive()
            sizes.append(len(message["body"]))
            more = message["more_body"]
        await respond(send, b"done")

    async with listening(slow) as server:
        reader, writer = await server.open(POST + b"Content-Length: 8388608\r\n\r\n")
        writer.write(LARGE)
        await server.until(lambda: len(server.log) == 1)
        await asyncio.sleep(0.6)
        (connection,) = server.connections
        assert len(connection.conn.trailing_data[0]) <= 512 * 1024
        goes_on.set()
        assert statuses(await reader.read(200)) == [200]
        assert sum(sizes) == len(LARGE)
        writer.close()


@pytest.mark.parametrize("request_", [GET * 100, SIZED + b"half", CHUNKED + b"4\r\n", GET[:9]])
async def test_a_client_that_leaves_is_no_error(request_: bytes) -> None:
    with structlog.testing.capture_logs() as logs:
        async with listening() as server:
            for _ in range(20):
                _, writer = await server.open(request_)
                await writer.drain()
                await asyncio.sleep(0)
                writer.transport.abort()
            await server.until(lambda: not server.connections and not server.tasks)
    assert {each["log_level"] for each in logs} <= {"debug"}


async def test_an_application_that_fails_closes_the_connection() -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/late":
            headers = [(b"content-length", b"9")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError

    async with listening(fail) as server:
        whole = await server.ask(GET)
        assert statuses(whole) == [500]
        assert b"Traceback" not in whole
        reader, writer = await server.open(GET.replace(b"/x", b"/late"))
        with suppress(ConnectionResetError):
            assert len(await reader.read()) < 100
        writer.close()
        await server.until(lambda: not server.connections)
