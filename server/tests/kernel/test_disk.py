"""Calls in threads keep their order, report failures, and end before their block."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import threading

import pytest

from akako.kernel.core.errors import StorageFull
from akako.kernel.files.disk import Behind
from akako.storage.digest import BATCH_BYTES, Digest


class Door:
    """A call that waits in its thread until it is let through."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.left = False

    def __call__(self) -> None:
        self.entered.set()
        assert self.open.wait(30)
        self.left = True


async def test_the_caller_goes_on_and_the_next_call_waits() -> None:
    door = Door()
    made: list[int] = []
    async with Behind() as behind:
        await behind.call(door)
        second = asyncio.create_task(behind.call(made.append, 2))
        await asyncio.to_thread(door.entered.wait, 30)
        await asyncio.sleep(0.01)
        assert not second.done()
        door.open.set()
        await second
        await behind.done()
        assert door.left
        assert made == [2]


async def test_what_a_call_raises_is_raised_by_what_follows() -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with Behind() as behind:
        await behind.call(full)
        with pytest.raises(StorageFull):
            await behind.call(int)
    async with Behind() as behind:
        await behind.call(full)
        with pytest.raises(StorageFull):
            await behind.done()


async def test_what_the_last_call_raises_is_raised_by_the_end_of_the_block() -> None:
    async def work() -> None:
        async with Behind() as behind:
            await behind.call(int, "none")

    with pytest.raises(ValueError, match="none"):
        await work()


async def test_a_cancelled_block_waits_for_its_call() -> None:
    door = Door()

    async def work() -> None:
        async with Behind() as behind:
            await behind.call(door)
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.to_thread(door.entered.wait, 30)
    for _ in range(3):  # also when cancelled repeatedly
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
    door.open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert door.left


async def test_a_failure_of_the_block_takes_precedence() -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "Input/output error")

    async def work() -> None:
        async with Behind() as behind:
            await behind.call(fail)
            raise KeyError

    with pytest.raises(KeyError):
        await work()


@pytest.mark.parametrize("sizes", [[], [0], [1], [BATCH_BYTES] * 3, [BATCH_BYTES - 1, 2, 5, 7_000]])
async def test_a_digest_is_that_of_all_pieces_in_order(sizes: list[int]) -> None:
    pieces = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
    digest = Digest()
    for piece in pieces:
        await digest.feed(piece)
    assert await digest.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()
