"""Two worker processes keep one count in Valkey."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.identity.people import Ask, statuses, together
from tests.limits.callers import from_address, remaining
from tests.parts import promises
from tests.parts.server import GENEROUS, Server
from tests.parts.valkey import Valkey, start_valkey

LEVELS = "/api/education/levels"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(Path(tmp_path_factory.mktemp("valkey")))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def workers(start_server: StartServer, valkey: Valkey) -> Server:
    settings = {"AKAKO_REDIS_URL": valkey.url, "AKAKO_TRUSTED_PROXIES": "127.0.0.1"}
    return start_server({**dict.fromkeys(GENEROUS, ""), **settings}, arguments=("--workers", "2"))


async def burst(workers: Server, address: str) -> list[httpx.Response]:
    """300 calls at once from one address."""
    return await together(workers, [Ask("GET", LEVELS, headers=from_address(address))] * 300)


async def test_of_300_calls_at_once_exactly_100_pass(workers: Server) -> None:
    # A Valkey that gets no processor for 50 ms counts as away, and then each worker counts for
    # itself. Two workers that did not share would let 200 pass every time.
    answers = await burst(workers, "198.51.100.1")
    for attempt in range(2, 6):
        if statuses(answers)[200] == 100:
            break
        assert statuses(answers)[200] > 100
        await asyncio.sleep(2)  # until Valkey is tried again
        answers = await burst(workers, f"198.51.100.{attempt}")
    assert statuses(answers) == {200: 100, 429: 200}
    passed = sorted(remaining(each) for each in answers if each.status_code == 200)
    assert passed == list(range(100))
    resets = {int(each.headers["x-ratelimit-reset"]) for each in answers}
    assert time.time() < max(resets) <= time.time() + 61


async def test_without_valkey_the_limits_hold_in_each_process(
    workers: Server, valkey: Valkey
) -> None:
    headers = from_address("203.0.113.1")
    valkey.pause()
    try:
        asks = [Ask("GET", LEVELS, headers=headers) for _ in range(250)]
        answers = await together(workers, asks)
    finally:
        valkey.resume()
    found = statuses(answers)
    assert set(found) <= {200, 429}
    assert 100 <= found[200] <= 200
    assert all("x-ratelimit-remaining" in each.headers for each in answers)
    assert workers.get("/health/ready").status_code == 200


async def test_the_count_is_shared_again_when_valkey_is_back(workers: Server) -> None:
    await _until_shared(workers)
    asks = [Ask("GET", LEVELS, headers=from_address("203.0.113.2")) for _ in range(150)]
    assert statuses(await together(workers, asks)) == {200: 100, 429: 50}


async def _until_shared(workers: Server) -> None:
    """Both processes try Valkey once a second; new connections reach either of them."""
    deadline = time.monotonic() + 20
    calls = 0
    while time.monotonic() < deadline:
        calls += 1
        address = f"198.18.{calls // 250}.{calls % 250}"
        left = []
        for _ in range(20):
            async with httpx.AsyncClient(
                event_hooks=promises.HOOKS, base_url=workers.url, verify=False
            ) as client:
                answer = await client.get(LEVELS, headers=from_address(address))
                left.append(remaining(answer))
        if left == list(range(99, 79, -1)):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the processes do not share their counts again")


async def test_both_workers_stop_in_order(workers: Server) -> None:
    assert await asyncio.to_thread(workers.stop) == 0
    assert "Traceback" not in workers.log()
