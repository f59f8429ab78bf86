"""Which statements may wait for locks, and how many of them at a time."""

from __future__ import annotations

import asyncio
import time

import pytest

from akako.backends.database.lock_waits import may_wait
from akako.identity import statements
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.db.turns import Turns
from akako.storage import sweeper


@pytest.mark.parametrize(
    "sql",
    [
        statements.FACTS,
        statements.CREATE,
        statements.UPDATE,
        sweeper.NEXT_DUE,
        "delete from outbox",
        f"select {statements.LOCK}",
        "select id from users where id = $1 for no key update",
        "select id from users where id = $1 for key share",
    ],
)
def test_statements_that_lock_rows_may_wait(sql: str) -> None:
    assert may_wait(sql)


@pytest.mark.parametrize(
    "sql", ["select 1", "select id from users order by updated_at", sweeper.KNOWN]
)
def test_plain_reads_do_not(sql: str) -> None:
    assert not may_wait(sql)


async def test_a_turn_is_waited_for_in_order_and_for_a_bounded_time() -> None:
    turns = Turns(7, 0.2)
    release = asyncio.Event()

    async def hold() -> None:
        async with turns:
            await release.wait()

    held = [asyncio.create_task(hold()) for _ in range(7)]
    await asyncio.sleep(0)
    started = time.monotonic()
    with pytest.raises(ServiceUnavailable):
        await hold()
    assert time.monotonic() - started >= 0.19
    waiting = asyncio.create_task(hold())
    await asyncio.sleep(0)
    waiting.cancel()  # a client that leaves takes no turn with it
    release.set()
    await asyncio.gather(*held, return_exceptions=True)
    async with asyncio.timeout(10):
        await asyncio.gather(*(hold() for _ in range(20)))


async def test_a_small_pool_has_a_turn() -> None:
    turns = Turns(1, 0.1)
    async with turns:
        with pytest.raises(ServiceUnavailable):
            await turns.__aenter__()
