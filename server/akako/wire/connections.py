"""The connections of a worker: their number, their inactivity, and the memory of responses."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Protocol

import structlog

from akako.kernel.http.client_address import Networks, in_networks, rate_key
from akako.kernel.http.limits import SHARED_FACTOR

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 4096
RESERVED_DESCRIPTORS = 64  # database, counters, log, listener
SWEEP_SECONDS = 1.0
UNSENT_BYTES = 64 * 1024 * 1024  # of all responses together; beyond, the largest are aborted


class Connection(Protocol):
    """A connection as its limits see it."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    def unsent(self) -> int: ...
    def is_idle(self) -> bool: ...
    def check(self, now: float) -> None: ...
    def abort(self) -> None: ...


class Connections:
    """The limits of one worker. The object is created in the parent and used in the worker.

    Args:
        per_client: connections of one IPv4 address or one IPv6 /64 network.
        trusted: proxies; only the limit of the worker applies to their addresses.
        shared: networks with many people per address; they get SHARED_FACTOR times `per_client`.
    """

    def __init__(self, per_client: int, *, trusted: Networks = (), shared: Networks = ()) -> None:
        self.per_client = per_client
        self.trusted = trusted
        self.shared = shared
        self.maximum = MAX_CONNECTIONS
        self._open: dict[Connection, str] = {}  # in the order of connecting
        self._of_client: Counter[str] = Counter()
        self._sweeping = False

    def admit(self, connection: Connection, address: str) -> bool:
        """Register a new connection; return False if a limit is reached."""
        if not self._open:
            self.maximum = max_connections()
        client = "" if not address or in_networks(address, self.trusted) else rate_key(address)
        if client and self._of_client[client] >= self._allowed(address):
            log.debug("too_many_connections", scope="client")
            return False
        if len(self._open) >= self.maximum and not self._close_idle():
            log.warning("too_many_connections", scope="worker", limit=self.maximum)
            return False
        self._open[connection] = client
        self._of_client[client] += 1
        if not self._sweeping:
            self._sweeping = True
            connection.loop.call_later(SWEEP_SECONDS, self._sweep, connection.loop)
        return True

    def remove(self, connection: Connection) -> None:
        client = self._open.pop(connection, None)
        if client is None:
            return
        self._of_client[client] -= 1
        if not self._of_client[client]:
            del self._of_client[client]

    def _allowed(self, address: str) -> int:
        """Return the limit of an address: at most a quarter of the worker's, shared ones more."""
        if in_networks(address, self.shared):
            return min(self.per_client * SHARED_FACTOR, self.maximum * 3 // 4)
        return min(self.per_client, self.maximum // 4)

    def _close_idle(self) -> bool:
        """Close the oldest connection that waits between requests, if there is one."""
        oldest = next((each for each in self._open if each.is_idle()), None)
        if oldest is None:
            return False
        oldest.abort()
        self.remove(oldest)
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Check all connections once per second; one timer is cheaper than one per request."""
        now = loop.time()
        for connection in list(self._open):
            connection.check(now)
        self._free_memory()
        self._sweeping = bool(self._open)
        if self._sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep, loop)

    def _free_memory(self) -> None:
        """Abort the connections with the most unsent bytes while all together exceed the limit."""
        unsent = {each: each.unsent() for each in self._open}
        excess = sum(unsent.values()) - UNSENT_BYTES
        for connection in sorted(unsent, key=lambda each: -unsent[each]):
            if excess <= 0:
                return
            excess -= unsent[connection]
            log.debug("slow_reader_aborted", unsent=unsent[connection])
            connection.abort()


def max_connections() -> int:
    """Return how many connections the file descriptors allow; a download needs a second one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, (soft - RESERVED_DESCRIPTORS) // 2))
