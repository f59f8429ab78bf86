"""Clients that leave in the middle of everything, again and again, cost nothing that stays."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from pathlib import Path

import httpx2
import pytest

from akako.backends.database import job_queue
from tests.conftest import StartServer
from tests.faults import invariants
from tests.http import raw
from tests.library.school import (
    MIB,
    UPLOAD,
    add_topic,
    count,
    eventually,
    form,
    put_video,
    uploaded,
    video,
)
from tests.parts.server import Server

AT_ONCE = 20
# Connections that requests, a roll-up, and the queue of background jobs may hold.
POOL, ROLL_UP, WORKER = 10, 1, job_queue.CONCURRENCY + 2
LISTENERS = 2  # for notifications of the database: the server's and the queue's
OF_POOLS = "application_name ~ '^akako [0-9a-f]+$'"
RESET = struct.pack("ii", 1, 0)  # closing sends RST, as a phone does that lost its network


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server()


def requests(api: Server) -> list[bytes]:
    """What is sent before the client leaves; some of it is whole, some is not."""
    topic = add_topic(api)
    uploaded(put_video(api, topic, video(4 * MIB)))
    token = f"Authorization: {api.headers('admin')['Authorization']}"
    part = 'name="file"; filename="a.txt"'
    body = form([('name="topicId"', topic.id.encode()), (part, b"x" * 100_000)])
    multipart = ["Content-Type: multipart/form-data; boundary=frontier"]
    upload = raw.head(UPLOAD, token, *multipart, f"Content-Length: {len(body)}", method="POST")
    change = b'{"firstName": "Left"}'
    lines = ["Content-Type: application/json", f"Content-Length: {len(change)}"]
    return [
        raw.head("/api/users?limit=100", token),
        raw.head("/api/auth/profile", token)[:-10],
        raw.head("/api/auth/profile", token, *lines, method="PUT") + change,
        raw.head("/api/auth/profile", token, *lines, method="PUT") + change[:9],
        raw.head(topic.video, token),
        upload + body[:50_000],
        upload,
        b"",
    ]


async def leave(api: Server, request: bytes, *, wait: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    connected: socket.socket = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.write(request)
    await writer.drain()
    if wait:  # until the answer begins
        await reader.read(1)
    writer.transport.abort()


async def leave_often(api: Server, times: int) -> None:
    sent = requests(api)
    answered = {0, 2, 4}
    numbers = iter(range(times))

    async def client() -> None:
        for number in numbers:
            kind = number % len(sent)
            await leave(api, sent[kind], wait=kind in answered and number % 3 == 0)

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))


def open_files(api: Server) -> int:
    assert api.process is not None
    return len(os.listdir(f"/proc/{api.process.pid}/fd"))


def resident_kib(api: Server) -> int:
    assert api.process is not None
    status = Path(f"/proc/{api.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def test_nothing_stays(api: Server, long: bool) -> None:
    await leave_often(api, 8 * AT_ONCE)
    files, memory = open_files(api), resident_kib(api)
    await leave_often(api, 10_000 if long else 2_000)
    await asyncio.to_thread(eventually, lambda: open_files(api) <= files + POOL + WORKER)
    sql = (
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    pools, others = f"{sql} and {OF_POOLS}", f"{sql} and not {OF_POOLS}"
    await asyncio.to_thread(eventually, lambda: 0 < count(api, pools) <= POOL + ROLL_UP)
    await asyncio.to_thread(eventually, lambda: 0 < count(api, others) <= WORKER + LISTENERS)
    hanging = f"{sql} and state like 'idle in transaction%%'"
    await asyncio.to_thread(eventually, lambda: count(api, hanging) == 0)
    assert resident_kib(api) < memory + 64 * 1024
    async with httpx2.AsyncClient(base_url=api.url, timeout=30, verify=False) as client:
        asked = [client.get("/api/auth/profile", headers=api.headers("admin")) for _ in range(40)]
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
    assert '"request_crashed"' not in api.log()
    await asyncio.to_thread(invariants.check, api)
