"""What every implementation of the counters promises, and what is special about two of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from akako.backends.memory_counters import EXPIRED_PER_HIT, MemoryCounters
from akako.backends.resilient_counters import ResilientCounters
from akako.backends.valkey_counters import KEY_PREFIX, ValkeyCounters
from akako.kernel.core.ports import Counters, Verdict
from tests.parts.patience import wait_for_valkey
from tests.parts.valkey import Valkey, start_valkey

SECOND = 10**9  # of the memory's clock
MICRO = 10**6  # Valkey's clock, per second


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    valkey = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield valkey
    valkey.stop()


@pytest.fixture
async def valkey(server: Valkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    """A client of an empty Valkey. The counters wait long for it, so that load fails no test."""
    wait_for_valkey(monkeypatch)
    client = Redis.from_url(server.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "valkey", "resilient"])
async def counters(
    request: pytest.FixtureRequest, server: Valkey, valkey: Redis
) -> AsyncIterator[Counters]:
    made: dict[str, Callable[[], Counters]] = {
        "memory": MemoryCounters,
        "valkey": lambda: ValkeyCounters(server.url),
        "resilient": lambda: ResilientCounters(
            ValkeyCounters(server.url), MemoryCounters(), lambda: pytest.fail("fell back")
        ),
    }
    counters = made[request.param]()
    yield counters
    await counters.close()


async def hits(counters: Counters, count: int, limit: int, seconds: float = 60) -> list[Verdict]:
    return await asyncio.gather(*(counters.hit("caller", limit, seconds) for _ in range(count)))


def passed(verdicts: list[Verdict]) -> int:
    return sum(verdict.allowed for verdict in verdicts)


async def test_exactly_the_limit_passes_at_once(counters: Counters) -> None:
    verdicts = await hits(counters, 300, limit=100)
    assert passed(verdicts) == 100
    assert sorted(each.remaining for each in verdicts if each.allowed) == list(range(100))
    assert {each.remaining for each in verdicts if not each.allowed} == {0}


async def test_remaining_counts_down(counters: Counters) -> None:
    verdicts = [await counters.hit("caller", 3, 60) for _ in range(4)]
    assert [(each.allowed, each.remaining) for each in verdicts] == [
        (True, 2),
        (True, 1),
        (True, 0),
        (False, 0),
    ]
    assert all(0 < each.reset_in <= 60 for each in verdicts)
    waits = [each.reset_in for each in verdicts]
    assert waits == sorted(waits, reverse=True)


async def test_keys_are_independent(counters: Counters) -> None:
    assert not (await hits(counters, 2, limit=1))[1].allowed
    assert (await counters.hit("another caller", 1, 60)).allowed


async def test_waiting_for_the_reset_helps_however_often_one_was_refused(
    counters: Counters,
) -> None:
    assert passed(await hits(counters, 2, limit=2, seconds=0.3)) == 2
    refused = await counters.hit("caller", 2, 0.3)
    waited_until = time.monotonic() + refused.reset_in
    while not refused.allowed and time.monotonic() < waited_until:
        refused = await counters.hit("caller", 2, 0.3)
        await asyncio.sleep(0.005)
    await asyncio.sleep(max(0, waited_until - time.monotonic()))
    assert refused.allowed or (await counters.hit("caller", 2, 0.3)).allowed


async def test_a_lowered_limit_holds_at_once(counters: Counters) -> None:
    assert passed(await hits(counters, 5, limit=5)) == 5
    verdict = await counters.hit("caller", 2, 60)
    assert not verdict.allowed
    assert verdict.remaining == 0
    assert 0 < verdict.reset_in <= 60


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


async def test_memory_frees_one_slot_at_the_very_reset() -> None:
    clock = Clock()
    counters = MemoryCounters(clock)
    await counters.hit("caller", 2, 60)
    clock.now = 25 * SECOND
    assert (await counters.hit("caller", 2, 60)).reset_in == 35
    clock.now = 60 * SECOND - 1
    refused = await counters.hit("caller", 2, 60)
    assert not refused.allowed
    assert refused.reset_in == 1e-9
    clock.now = 60 * SECOND
    first, second = await hits(counters, 2, limit=2)
    assert (first.allowed, first.remaining, first.reset_in) == (True, 0, 25)
    assert (second.allowed, second.reset_in) == (False, 25)


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 4), st.integers(1, 6))
def test_memory_agrees_with_the_definition(gaps: list[int], limit: int, seconds: int) -> None:
    async def compare() -> None:
        clock, times = Clock(), list[int]()
        counters = MemoryCounters(clock)
        for gap in gaps:
            clock.now += gap * SECOND
            times = [each for each in times if each > clock.now - seconds * SECOND]
            verdict = await counters.hit("caller", limit, seconds)
            assert verdict.allowed == (len(times) < limit)
            times += [clock.now] * verdict.allowed
            assert verdict.remaining == limit - len(times)
            assert verdict.reset_in == (times[0] - clock.now) / SECOND + seconds

    asyncio.run(compare())


async def test_memory_forgets_idle_keys_and_no_others() -> None:
    clock, count = Clock(), 20_000
    counters = MemoryCounters(clock)
    for number in range(count):
        await counters.hit(f"once {number}", 1, 60)
        await counters.hit(f"long {number % 10}", 10**6, 3600)
    clock.now = 60 * SECOND
    assert len(counters._windows[60 * SECOND]) == count
    for _ in range(count // EXPIRED_PER_HIT):
        await counters.hit("caller", 10**6, 60)
    assert list(counters._windows[60 * SECOND]) == ["caller"]
    assert len(counters._windows[3600 * SECOND]) == 10


async def test_two_clients_of_valkey_share_one_window(server: Valkey, valkey: Redis) -> None:
    one, other = ValkeyCounters(server.url), ValkeyCounters(server.url)
    verdicts = await asyncio.gather(hits(one, 150, limit=100), hits(other, 150, limit=100))
    assert passed(verdicts[0] + verdicts[1]) == 100
    await one.close()
    await other.close()


@pytest.fixture
async def shared(server: Valkey, valkey: Redis) -> AsyncIterator[ValkeyCounters]:
    counters = ValkeyCounters(server.url)
    yield counters
    await counters.close()


async def test_valkey_forgets_a_key_after_its_window(shared: ValkeyCounters, valkey: Redis) -> None:
    await hits(shared, 3, limit=2, seconds=60)
    (key,) = await valkey.keys()
    assert 0 < await valkey.pttl(key) <= 60_000
    assert await valkey.llen(key) == 2


async def record(valkey: Redis, *ages: float) -> str:
    """Store hits of these ages in seconds, oldest first, for one caller; return the key."""
    seconds, micros = await valkey.time()
    now = int(seconds) * MICRO + int(micros)
    key = f"{KEY_PREFIX}caller"
    await valkey.delete(key)
    if ages:
        await valkey.rpush(key, *(str(now - round(age * MICRO)) for age in ages))
    return key


async def test_valkey_says_when_the_next_slot_frees(shared: ValkeyCounters, valkey: Redis) -> None:
    await record(valkey, 1500, 1200, 900, 400)
    verdict = await shared.hit("caller", 3, 1000)
    assert (verdict.allowed, verdict.remaining) == (True, 0)
    assert 40 < verdict.reset_in <= 100
    refused = await shared.hit("caller", 3, 1000)
    assert not refused.allowed
    assert 40 < refused.reset_in <= verdict.reset_in
    lowered = await shared.hit("caller", 2, 1000)
    assert 540 < lowered.reset_in <= 600


@pytest.mark.parametrize("expired", [0, 1, 2, 3, 4, 7, 8, 9, 1000, 1998, 1999, 2000])
async def test_valkey_drops_the_expired_hits_and_only_those(
    shared: ValkeyCounters, valkey: Redis, expired: int
) -> None:
    key = await record(valkey, *[2000] * expired, *[500] * (2000 - expired))
    verdict = await shared.hit("caller", 2001, 1000)
    assert (verdict.allowed, verdict.remaining) == (True, expired)
    assert await valkey.llen(key) == 2001 - expired


async def test_valkeys_clock_may_be_set_back(shared: ValkeyCounters, valkey: Redis) -> None:
    key = await record(valkey, 100, -300)
    verdict = await shared.hit("caller", 3, 1000)
    assert (verdict.allowed, verdict.remaining) == (True, 0)
    stamps = [int(stamp) for stamp in await valkey.lrange(key, 0, -1)]
    assert stamps == sorted(stamps)
    await record(valkey, -3000, -3000, -3000)
    verdict = await shared.hit("caller", 3, 1000)
    assert (verdict.allowed, verdict.remaining) == (True, 2)


async def flush_data(valkey: Redis) -> object:
    return await valkey.flushall()


async def flush_scripts(valkey: Redis) -> object:
    return await valkey.script_flush()


@pytest.mark.parametrize(("flush", "remaining"), [(flush_data, 9), (flush_scripts, 4)])
async def test_valkey_may_be_flushed(
    shared: ValkeyCounters,
    valkey: Redis,
    flush: Callable[[Redis], Awaitable[object]],
    remaining: int,
) -> None:
    await hits(shared, 5, limit=10)
    await flush(valkey)
    verdict = await shared.hit("caller", 10, 60)
    assert (verdict.allowed, verdict.remaining) == (True, remaining)


async def test_scripts_flushed_in_the_middle_of_a_burst_cost_no_hit(
    shared: ValkeyCounters, valkey: Redis
) -> None:
    await shared.hit("caller", 700, 60)
    verdicts, _ = await asyncio.gather(hits(shared, 1200, limit=700), flush_scripts(valkey))
    assert passed(verdicts) == 699


async def test_a_hit_given_up_by_its_request_harms_no_other(shared: ValkeyCounters) -> None:
    given_up = asyncio.create_task(shared.hit("caller", 10, 60))
    others = [asyncio.create_task(shared.hit("caller", 10, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    given_up.cancel()
    assert passed(await asyncio.gather(*others)) == 3
    assert (await shared.hit("caller", 10, 60)).allowed


async def test_a_stall_of_the_event_loop_is_not_taken_for_a_slow_valkey(
    server: Valkey, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = ValkeyCounters(server.url)
    await counters.hit("caller", 10, 60)
    monkeypatch.undo()
    hit = asyncio.create_task(counters.hit("caller", 10, 60))
    for _ in range(6):
        await asyncio.sleep(0)
        time.sleep(0.06)  # blocks the event loop
    assert (await hit).allowed
    await counters.close()
