"""Twenty large uploads at once: flat memory, and a server that goes on answering."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2

from tests.library.school import (
    MIB,
    UPLOAD,
    Topic,
    add_topic,
    objects,
    pending,
    sample,
    sha256,
    uploaded,
)
from tests.parts import promises
from tests.parts.awake import AwakeClock
from tests.parts.server import Server

UPLOADS = 20
SIZE = 50 * MIB - 1024
PIECE = b"0123456789abcde\n" * 4096
# A PDF is written to a file of its own too, because it has to be judged from its end.
NAMES = ["long.txt", "long.pdf"]


def beginning(number: int) -> bytes:
    return (sample("pdf") if number % 2 else b"") + b"upload %d\n" % number


async def content(number: int) -> AsyncIterator[bytes]:
    first = beginning(number)
    yield first
    left = SIZE - len(first)
    while left:
        piece = PIECE[:left]
        left -= len(piece)
        yield piece


async def form(topic: Topic, number: int) -> AsyncIterator[bytes]:
    name = NAMES[number % 2]
    yield f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    async for piece in content(number):
        yield piece
    yield b'\r\n--b\r\nContent-Disposition: form-data; name="topicId"\r\n\r\n'
    yield topic.id.encode() + b"\r\n--b--\r\n"


def memory(api: Server, kind: str) -> int:
    """Bytes that the server has resident, now (VmRSS) or at most so far (VmHWM)."""
    assert api.process
    status = Path(f"/proc/{api.process.pid}/status").read_text()
    found = re.search(rf"{kind}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


async def slowest_answer(api: Server, clock: AwakeClock, done: asyncio.Event) -> float:
    """Seconds of the slowest of many small answers, until `done`."""
    slowest = 0.0
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=60
    ) as client:
        while not done.is_set():
            started = clock()
            assert (await client.get("/health/live")).status_code == 200
            slowest = max(slowest, clock() - started)
            await asyncio.sleep(0.02)
    return slowest


async def test_twenty_uploads_of_50_mib_at_once(
    api: Server, awake: AwakeClock, record_property: Callable[[str, object], None]
) -> None:
    topic, done = add_topic(api), asyncio.Event()
    async with httpx2.AsyncClient(
        event_hooks=promises.HOOKS, base_url=api.url, timeout=300
    ) as client:
        headers = {"Content-Type": "multipart/form-data; boundary=b"} | api.headers("admin")
        small = [b"".join([piece async for piece in form(topic, 0)][:2]) + b"\r\n--b--\r\n"]
        await client.post(UPLOAD, content=small[0], headers=headers)
        before = memory(api, "VmHWM")
        polling = asyncio.create_task(slowest_answer(api, awake, done))
        answers = await asyncio.gather(
            *(
                client.post(UPLOAD, content=form(topic, number), headers=headers)
                for number in range(UPLOADS)
            )
        )
        done.set()
        slowest = await polling
    growth = (memory(api, "VmHWM") - before) / MIB
    record_property("more_mib", round(growth))
    record_property("slowest_answer_ms", round(slowest * 1000))
    assert [uploaded(answer)["size"] for answer in answers] == [SIZE] * UPLOADS
    for number in range(2):
        whole = b"".join([piece async for piece in content(number)])
        assert uploaded(answers[number])["sha256"] == sha256(whole)
    assert growth < 64
    assert slowest < 5
    assert pending(api) == 0
    stored = {sha256(each) for each in objects(api).values()}
    assert stored >= {uploaded(answer)["sha256"] for answer in answers}
