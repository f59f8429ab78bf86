"""A load balancer for connections, where no real one is installed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from tests.parts.tcp_proxy import TcpProxy


class Balancer(TcpProxy):
    """Takes the servers in turn, and passes over those that refuse connections."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(ports[0])
        self._ports = ports
        self._turn = itertools.cycle(range(len(ports)))

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        first = next(self._turn)
        for port in (*self._ports[first:], *self._ports[:first]):
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                continue
        raise ConnectionRefusedError("no server is left")
