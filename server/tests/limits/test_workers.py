"""Two worker processes keep one count in Valkey."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartServer
from tests.identity.people import Ask, statuses, together
from tests.limits.callers import from_address, remaining
from tests.parts import promises
from tests.parts.server import GENEROUS, Server
from tests.parts.valkey import Valkey, start_valkey

LEVELS = "/api/education/levels"
CALLS = (f"{high}.{low}" for high in range(250) for low in range(1, 250))


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(Path(tmp_path_factory.mktemp("valkey")))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def workers(valkey: Valkey, start_server: StartServer) -> Server:
    settings = {"AKAKO_REDIS_URL": valkey.url, "AKAKO_TRUSTED_PROXIES": "127.0.0.1"}
    return start_server({**dict.fromkeys(GENEROUS, ""), **settings}, arguments=("--workers", "2"))


async def fresh_gets(workers: Server, path: str, address: str, times: int) -> list[httpx2.Response]:
    """Calls on connections of their own, which reach either process."""
    answers = []
    for _ in range(times):
        async with httpx2.AsyncClient(
            event_hooks=promises.HOOKS, base_url=workers.url, verify=False, timeout=60
        ) as client:
            answers.append(await client.get(path, headers=from_address(address)))
    return answers


async def local_hits(workers: Server) -> set[str]:
    """How many hits each process has counted for itself so far."""
    answers = await fresh_gets(workers, "/metrics", "198.51.100.99", 30)
    found = [re.search(r"(?m)^akako_limiter_fallbacks_total (\S+)$", a.text) for a in answers]
    assert all(found)
    return {match[1] for match in found if match}


async def shared_burst(workers: Server, calls: int) -> list[httpx2.Response]:
    """So many calls at once from one address, all of which were counted in Valkey.

    A Valkey that gets no processor for 50 ms counts as away, and each process then counts for
    itself and says so. Such a burst proves nothing about what they share.
    """
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        await _until_shared(workers)
        before = await local_hits(workers)
        headers = from_address(f"198.18.{next(CALLS)}")
        answers = await together(workers, [Ask("GET", LEVELS, headers=headers)] * calls)
        assert 100 <= statuses(answers)[200] <= 200
        if await local_hits(workers) == before:
            return answers
    raise AssertionError("Valkey was away in every burst")


async def test_of_300_calls_at_once_exactly_100_pass(workers: Server) -> None:
    answers = await shared_burst(workers, 300)
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
    assert statuses(await shared_burst(workers, 150)) == {200: 100, 429: 50}


async def _until_shared(workers: Server) -> None:
    """Both processes try Valkey once a second."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answers = await fresh_gets(workers, LEVELS, f"198.18.{next(CALLS)}", 20)
        if [remaining(each) for each in answers] == list(range(99, 79, -1)):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the processes do not share their counts again")


async def test_both_workers_stop_in_order(workers: Server) -> None:
    assert await asyncio.to_thread(workers.stop) == 0
    assert "Traceback" not in workers.log()
