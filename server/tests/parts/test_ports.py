"""A free port stays free for the one who asked for it."""

from __future__ import annotations

import socket

import pytest

from tests.parts.ports import MOST_HELD, free_port


def test_a_server_listens_stops_and_listens_again() -> None:
    port = free_port()
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with (
            socket.create_server(("127.0.0.1", port)),
            socket.create_connection(("127.0.0.1", port)),
        ):
            pass


def test_no_other_program_is_given_the_port() -> None:
    port = free_port()
    # More than the system has of this kind, so that each would come up.
    for _ in range(30_000):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            assert other.getsockname()[1] != port


def test_a_bounded_number_is_held() -> None:
    ports = [free_port() for _ in range(MOST_HELD + 1)]
    assert len(set(ports)) == len(ports)
    with socket.socket() as other:  # without SO_REUSEADDR
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", ports[-1]))
        other.bind(("127.0.0.1", ports[0]))
