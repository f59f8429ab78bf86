"""The proxy's faults are what they say."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.parts.tcp_proxy import TcpProxy


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo_all, args=(listener,), daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def _echo_all(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        while piece := _received(connection):
            connection.sendall(piece)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def exchange(connection: socket.socket, sent: bytes) -> bytes:
    connection.sendall(sent)
    return connection.recv(65536)


def test_it_carries_both_ways(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        assert exchange(connection, b"hello") == b"hello"
        assert (proxy.accepted, proxy.open_connections) == (1, 1)


def test_it_delays(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        proxy.delay = 0.1
        started = time.monotonic()
        assert exchange(connection, b"hello") == b"hello"
        assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("limit", ["cut_answers_after", "cut_requests_after"])
def test_it_cuts(echo_port: int, limit: str) -> None:
    with TcpProxy(echo_port) as proxy:
        setattr(proxy, limit, 8)
        with connect(proxy) as connection:
            assert exchange(connection, b"12345") == b"12345"
            connection.sendall(b"6789")
            rest = b""
            while piece := _received(connection):
                rest += piece
            assert b"678".startswith(rest)


def test_it_stalls_and_goes_on(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        proxy.stalled = True
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            exchange(connection, b"hello")
        proxy.stalled = False
        connection.settimeout(10)
        assert connection.recv(100) == b"hello"


def test_it_refuses_and_accepts_again(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy:
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        proxy.accept()
        with connect(proxy) as connection:
            assert exchange(connection, b"hello") == b"hello"


def test_it_drops(echo_port: int) -> None:
    with TcpProxy(echo_port) as proxy, connect(proxy) as connection:
        assert exchange(connection, b"hello") == b"hello"
        proxy.drop()
        assert _received(connection) == b""
        assert proxy.open_connections == 0
