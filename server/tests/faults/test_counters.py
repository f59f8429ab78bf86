"""Valkey stopped, paused, slow or flushed: no request is refused for it, and the limits hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.attempts import SECRET, all_attempts, ask, judge
from tests.identity.people import Ask, statuses, together
from tests.library.school import eventually
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy
from tests.parts.valkey import Valkey, start_valkey

LEVELS = "/api/education/levels"
UNKNOWN = "/api/s3/document/stream?documentId=unknown"
LIMIT = 10


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def network(valkey: Valkey) -> Iterator[TcpProxy]:
    with TcpProxy(valkey.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def api(network: TcpProxy, start_server: StartServer) -> Server:
    return start_server(
        {
            "AKAKO_REDIS_URL": f"redis://127.0.0.1:{network.port}/0",
            "AKAKO_CLERK_WEBHOOK_SECRETS": SECRET,
            # Counted per user, so that a fresh one has all of it.
            "AKAKO_RATE_LIMIT_MEDIA": f"{LIMIT}/60",
        }
    )


def stop(valkey: Valkey, network: TcpProxy) -> Callable[[], None]:
    valkey.stop()
    return valkey.start


def pause(valkey: Valkey, network: TcpProxy) -> Callable[[], None]:
    valkey.pause()
    return valkey.resume


def slow(valkey: Valkey, network: TcpProxy) -> Callable[[], None]:
    network.delay = 0.3
    return lambda: setattr(network, "delay", 0.0)


def stall(valkey: Valkey, network: TcpProxy) -> Callable[[], None]:
    network.stalled = True
    return lambda: setattr(network, "stalled", False)


@pytest.mark.parametrize("fault", [stop, pause, slow, stall], ids=lambda fault: fault.__name__)
async def test_the_counters_away(
    api: Server,
    valkey: Valkey,
    network: TcpProxy,
    fault: Callable[[Valkey, TcpProxy], Callable[[], None]],
) -> None:
    attempts = all_attempts(api)
    heal = fault(valkey, network)
    try:
        started = time.monotonic()
        answers = await ask(api, attempts)
        assert {answer and answer.status_code for answer in answers} <= {200, 201}
        # Some milliseconds each, were the machine idle.
        assert time.monotonic() - started < 20
        heads = await together(api, [Ask("GET", LEVELS)] * 20)
        assert statuses(heads) == {200: 20}
        assert all("x-ratelimit-remaining" in head.headers for head in heads)
        await limited(api)
    finally:
        heal()
    judge(attempts, answers)
    await asyncio.to_thread(invariants.check, api)
    await asyncio.to_thread(eventually, lambda: counts_again(api, valkey))


async def limited(api: Server) -> None:
    """The process counts by itself, as strictly as ever."""
    who = f"user_{time.monotonic_ns()}"
    await asyncio.to_thread(api.user, who.removeprefix("user_"))
    found = statuses(await together(api, [Ask("GET", UNKNOWN, who)] * (LIMIT + 5)))
    assert found == {404: LIMIT, 429: 5}


def counts_again(api: Server, valkey: Valkey) -> bool:
    before = valkey_calls(valkey)
    api.get(LEVELS)
    return valkey_calls(valkey) > before + 1  # more than this question itself


def valkey_calls(valkey: Valkey) -> int:
    with redis.Redis.from_url(valkey.url) as client:
        return int(client.info("stats")["total_commands_processed"])


async def test_flushed(api: Server, valkey: Valkey) -> None:
    """What was counted is forgotten, so that a limit may be used once more, and no more often."""
    # On a loaded machine Valkey may seem slow, and hits are counted elsewhere for a second.
    first: dict[int, int] = {}
    second: dict[int, int] = {}
    for attempt in range(10):
        who = api.user(f"flushed{attempt}")
        first = statuses(await together(api, [Ask("GET", UNKNOWN, who)] * LIMIT))
        with redis.Redis.from_url(valkey.url) as client:
            client.flushall()
        second = statuses(await together(api, [Ask("GET", UNKNOWN, who)] * (LIMIT + 5)))
        quota = api.get("/api/auth/quota", as_=who).json()["data"]["apiCalls"]
        assert quota["used"] >= first[404] + second.get(404, 0)  # the month's count is elsewhere
        if (first, second) == ({404: LIMIT}, {404: LIMIT, 429: 5}):
            return
        await asyncio.sleep(1)
    raise AssertionError((first, second))
