"""Sends one request over and over on keep-alive connections, and counts the answers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a run did: answers counted, statuses seen, seconds per answer."""

    answers: int = 0
    statuses: set[int] = field(default_factory=set)
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    """One request and its answer: status, headers, body."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
    return int(first.split(b" ")[1]), headers, body


async def drive(port: int, request: bytes, *, seconds: float, connections: int) -> Load:
    """Keep all connections busy for a while."""
    load = Load()
    end = time.perf_counter() + seconds

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < end:
            status, _, _ = await exchange(reader, writer, request)
            load.answers += 1
            load.statuses.add(status)
            load.latencies.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(work() for _ in range(connections)))
    return load


async def once(port: int, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await exchange(reader, writer, request)
    finally:
        writer.close()
