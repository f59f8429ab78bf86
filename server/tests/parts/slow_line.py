"""A slow line in front of a server: a TCP proxy with the rate and the delay of a poor phone line.

Chromium's own emulation of latency does not delay documents, so tests measure through this proxy.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PACKET = 1_460  # bytes: connections take turns on the line packet by packet
IN_FLIGHT = 64  # packets of one direction of a connection
WAIT_SECONDS = 30


class Link:
    """One direction of the line, shared by all connections."""

    def __init__(self, bits_per_second: float, delay: float) -> None:
        self._rate = bits_per_second / 8
        self._delay = delay
        self._free = 0.0

    async def carry(self, size: int) -> float:
        """Occupy the line with a packet; return when its last byte arrives."""
        loop = asyncio.get_running_loop()
        start = max(loop.time(), self._free)
        self._free = start + size / self._rate
        arrives = self._free + self._delay
        await asyncio.sleep(self._free - loop.time())
        return arrives


class SlowLine:
    """The proxy. `round_trip` is in seconds; a new connection costs one before its first byte."""

    def __init__(self, port: int, bits_per_second: float, round_trip: float) -> None:
        self._target = port
        self._round_trip = round_trip
        self._up = Link(bits_per_second, round_trip / 2)
        self._down = Link(bits_per_second, round_trip / 2)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def serve(self, ready: threading.Event, done: asyncio.Event) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=PACKET)
        self.port = int(server.sockets[0].getsockname()[1])
        ready.set()
        await done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._connection(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._round_trip)  # the handshake
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(
                self._pass(self._up, reader, back), self._pass(self._down, there, writer)
            )
        finally:
            for each in (back, writer):
                each.close()

    async def _pass(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry the bytes of one direction in their order, each packet when it arrives."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)
        sender = asyncio.ensure_future(_deliver(queue, writer))
        try:
            with suppress(ConnectionError):
                while packet := await reader.read(PACKET):
                    await queue.put((await link.carry(len(packet)), packet))
            await queue.put((0.0, b""))
            await sender
        finally:
            sender.cancel()


async def _deliver(queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while True:
            arrives, packet = await queue.get()
            if not packet:
                break
            await asyncio.sleep(arrives - loop.time())
            writer.write(packet)
            await writer.drain()
        writer.close()


@contextmanager
def slow_line(
    port: int, *, bits_per_second: float = 400_000, round_trip: float = 0.4
) -> Iterator[int]:
    """Run a slow line to a port of this machine; the value is the port of its near end."""
    line = SlowLine(port, bits_per_second, round_trip)
    ready, loop, done = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(line.serve(ready, done)), daemon=True
    )
    thread.start()
    assert ready.wait(WAIT_SECONDS)
    try:
        yield line.port
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(WAIT_SECONDS)
        loop.close()
