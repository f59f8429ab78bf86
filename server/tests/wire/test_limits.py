"""How many connections there may be: of one client, and of all of them."""

from __future__ import annotations

import asyncio
import resource
from ipaddress import ip_network

import pytest

from akako.kernel.http.limits import SHARED_FACTOR
from akako.wire import connections
from akako.wire.connections import Connections
from tests.wire.listener import GET, Listener, listening

HERE = (ip_network("127.0.0.0/8"),)


async def opened(server: Listener, count: int) -> list[asyncio.StreamWriter]:
    """Connections that have been served once and stay open."""
    writers = []
    for _ in range(count):
        reader, writer = await server.open(GET)
        assert b" 200 " in await reader.readline()
        writers.append(writer)
    return writers


async def test_one_client_has_a_limit_and_gets_its_connections_back() -> None:
    async with listening(connections=Connections(5)) as server:
        writers = await opened(server, 5)
        refused = await server.ask(GET)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: " in refused.lower()
        writers[0].close()
        await server.until(lambda: len(server.connections) == 4)
        (again,) = await opened(server, 1)
        for writer in [*writers[1:], again]:
            writer.close()


async def test_refused_connections_do_not_use_the_limit_up() -> None:
    async with listening(connections=Connections(2)) as server:
        writers = await opened(server, 2)
        for _ in range(20):
            assert (await server.ask(GET)).startswith(b"HTTP/1.1 503 ")
        for writer in writers:
            writer.close()
        await server.until(lambda: not server.connections)
        for writer in await opened(server, 2):
            writer.close()


async def test_a_trusted_proxy_has_no_limit_of_its_own() -> None:
    async with listening(connections=Connections(2, trusted=HERE)) as server:
        for writer in await opened(server, 10):
            writer.close()


async def test_a_shared_network_has_a_higher_limit() -> None:
    async with listening(connections=Connections(1, shared=HERE)) as server:
        writers = await opened(server, SHARED_FACTOR)
        assert (await server.ask(GET)).startswith(b"HTTP/1.1 503 ")
        for writer in writers:
            writer.close()


async def test_at_the_limit_of_the_worker_an_idle_connection_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "max_connections", lambda: 8)
    async with listening(connections=Connections(99, trusted=HERE)) as server:
        writers = await opened(server, 20)
        assert len(server.connections) <= 9
        for writer in writers:
            writer.close()


async def test_at_the_limit_of_the_worker_busy_connections_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "max_connections", lambda: 8)
    async with listening(connections=Connections(99, trusted=HERE)) as server:
        busy = [(await server.open(GET[:-2]))[1] for _ in range(8)]
        await server.until(lambda: len(server.connections) == 8)
        await asyncio.sleep(0.05)
        assert (await server.ask(GET)).startswith(b"HTTP/1.1 503 ")
        for writer in busy:
            writer.close()


@pytest.mark.parametrize(("descriptors", "allowed"), [(256, 96), (1024, 480), (65536, 4096)])
def test_connections_leave_descriptors_for_the_rest(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, allowed: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert connections.max_connections() == allowed
