"""Send requests on keep-alive connections; check and time every response."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import cast

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TICK_SECONDS = 0.001
Source = Callable[[], bytes | None]  # the next request, or None at the end


@dataclass
class Load:
    """The result of a run: number of responses, duration, and seconds per response."""

    answers: int = 0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Line(asyncio.Protocol):
    """One connection, with at most one request in flight."""

    def __init__(
        self, good: Collection[bytes], answered: Callable[[Line, float], None], done: _Done
    ) -> None:
        self._good, self._answered, self._done = good, answered, done
        self._received = b""
        self._missing = -1
        self._since = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, since: float) -> None:
        """Send a request. `since` is the time from which its latency counts."""
        assert self._transport
        self._since = since
        self._transport.write(request)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._missing >= 0:
            self._missing -= len(data)
        else:
            self._received += data
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._received[:end]
            if head[9:12] not in self._good:
                self._done.fail(f"an answer that was not asked for: {self._received[:600]!r}")
                return
            found = LENGTH.search(head)
            length = int(found[1]) if found else 0
            self._missing = end + 4 + length - len(self._received)
        if self._missing <= 0:
            self._received, self._missing = b"", -1
            self._answered(self, time.perf_counter() - self._since)

    def connection_lost(self, error: Exception | None) -> None:
        self._done.fail("a connection was closed")


class _Done:
    """Signals the end of a run: all connections idle, or a failure."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(self) -> None:
        if not self.future.done():
            self.future.set_result(None)

    def fail(self, reason: str) -> None:
        if not self.future.done():
            self.future.set_exception(RuntimeError(reason))

    def check(self) -> None:
        """Raise the first failure of the run, if there is one."""
        if self.future.done():
            self.future.result()


async def _lines(
    port: int,
    number: int,
    good: Collection[bytes],
    answered: Callable[[Line, float], None],
    done: _Done,
) -> list[Line]:
    loop = asyncio.get_running_loop()
    made = [
        loop.create_connection(lambda: Line(good, answered, done), "127.0.0.1", port)
        for _ in range(number)
    ]
    return [line for _, line in await asyncio.gather(*made)]


async def drive(
    port: int, source: Source, *, seconds: float, connections: int, good: Collection[bytes]
) -> Load:
    """Keep all connections busy for some seconds, or until the requests run out."""
    load, done = Load(), _Done()
    end = 0.0
    busy = connections

    def answered(line: Line, wait: float) -> None:
        nonlocal busy
        load.answers += 1
        load.waits.append(wait)
        now = time.perf_counter()
        request = source() if now < end else None
        if request is None:
            busy -= 1
            if not busy:
                done.succeed()
        else:
            line.send(request, now)

    lines = await _lines(port, connections, good, answered, done)
    started = time.perf_counter()
    end = started + seconds
    for line in lines:
        line.send(_first(source), time.perf_counter())
    try:
        await done.future
    finally:
        load.seconds = time.perf_counter() - started
        for line in lines:
            line.close()
    return load


def _first(source: Source) -> bytes:
    request = source()
    assert request is not None
    return request


async def paced(
    port: int,
    source: Source,
    *,
    rate: float,
    seconds: float,
    connections: int,
    good: Collection[bytes],
) -> Load:
    """Send requests at a fixed rate; latency counts from the scheduled time of each request."""
    load, done = Load(), _Done()
    idle: deque[Line] = deque()
    due: deque[float] = deque()

    def answered(line: Line, wait: float) -> None:
        load.answers += 1
        load.waits.append(wait)
        idle.append(line)
        ask()

    def ask() -> None:
        while due and idle:
            idle.popleft().send(_first(source), due.popleft())

    lines = await _lines(port, connections, good, answered, done)
    idle.extend(lines)
    started = time.perf_counter()
    try:
        for number in range(int(rate * seconds)):
            moment = started + number / rate
            done.check()
            while (ahead := moment - time.perf_counter()) > 0:
                await asyncio.sleep(min(ahead, TICK_SECONDS))
            due.append(moment)
            ask()
        while load.answers < int(rate * seconds):
            done.check()
            await asyncio.sleep(TICK_SECONDS)
        done.succeed()
    finally:
        load.seconds = time.perf_counter() - started
        for line in lines:
            line.close()
    return load


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Send one request; return status, headers and body."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    headers = [(name.lower(), value.strip()) for name, _, value in pairs]
    length = dict(headers).get("content-length", "0")
    return int(first.split(" ")[1]), headers, await reader.readexactly(int(length))


async def once(port: int, request: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await exchange(reader, writer, request)
    finally:
        writer.close()


def forever(requests: Iterator[bytes]) -> Source:
    return lambda: next(requests, None)
