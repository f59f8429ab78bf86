"""Rate limiting goes on while Valkey is away, slow or out of its mind, and comes back to it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture, capture_logs

from akako.backends import resilient_counters
from akako.backends.memory_counters import MemoryCounters
from akako.backends.resilient_counters import ResilientCounters
from akako.backends.valkey_counters import ValkeyCounters
from akako.kernel.core.ports import Verdict
from tests.parts.patience import wait_for_valkey
from tests.parts.valkey import Valkey, start_valkey

DEADLINE = 20.0


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    valkey = start_valkey(tmp_path)
    yield valkey
    valkey.stop()


class Resilient:
    """The counters under test, and how often they fell back."""

    def __init__(self, url: str) -> None:
        self.fallbacks = 0
        self.counters = ResilientCounters(ValkeyCounters(url), MemoryCounters(), self.count)

    def count(self) -> None:
        self.fallbacks += 1

    async def hit(self, key: str = "caller", limit: int = 100) -> Verdict:
        return await self.counters.hit(key, limit, 60)

    async def is_shared(self) -> bool:
        """Whether a hit is answered by Valkey."""
        before = self.fallbacks
        await self.hit("probe", 10**6)
        return self.fallbacks == before

    async def become(self, *, shared: bool) -> None:
        deadline = time.monotonic() + DEADLINE
        while await self.is_shared() != shared:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


@pytest.fixture
async def resilient(valkey: Valkey) -> AsyncIterator[Resilient]:
    resilient = Resilient(valkey.url)
    await resilient.become(shared=True)
    # A first reply that was late may have been reported.
    resilient.fallbacks = 0
    resilient.counters._next_report, resilient.counters._reported = -math.inf, False
    yield resilient
    await resilient.counters.close()


@pytest.mark.parametrize("fault", [Valkey.pause, Valkey.stop])
async def test_a_missing_valkey_costs_little_time_and_no_limit(
    valkey: Valkey, resilient: Resilient, fault: object
) -> None:
    assert callable(fault)
    fault(valkey)
    began = time.monotonic()
    verdicts = await asyncio.gather(*(resilient.hit() for _ in range(300)))
    assert time.monotonic() - began < 3
    assert sum(each.allowed for each in verdicts) == 100
    assert resilient.fallbacks == 300


async def test_it_recovers_from_a_pause(valkey: Valkey, resilient: Resilient) -> None:
    with pytest.MonkeyPatch.context() as patient:
        wait_for_valkey(patient)
        await resilient.hit(limit=2)
    assert resilient.fallbacks == 0
    valkey.pause()
    await resilient.become(shared=False)
    valkey.resume()
    await resilient.become(shared=True)
    # The window is where it was: what was counted apart stays apart.
    with pytest.MonkeyPatch.context() as patient:
        wait_for_valkey(patient)
        assert (await resilient.hit(limit=2)).remaining == 0


async def test_it_recovers_from_a_restart(valkey: Valkey, resilient: Resilient) -> None:
    valkey.stop()
    await resilient.become(shared=False)
    valkey.start()
    await resilient.become(shared=True)
    assert (await resilient.hit(limit=5)).remaining == 4


async def test_it_starts_without_valkey_and_finds_it_later(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilient_counters, "RETRY_SECONDS", 0.05)
    valkey.stop()
    resilient = Resilient(valkey.url)
    assert not await resilient.is_shared()
    valkey.start()
    await resilient.become(shared=True)
    await resilient.counters.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b":7\r\n",
        b"$-1\r\n",
        b"*2\r\n:1\r\n:2\r\n",
        b"*3\r\n:1\r\n$1\r\nx\r\n:2\r\n",
        b"-ERR no such thing\r\n",
        b"\x00\xff\xfe" * 100,
        b"",
    ],
)
async def test_nonsense_is_no_answer(answer: bytes) -> None:
    ended = asyncio.Event()

    async def answer_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(answer)
        writer.close()
        ended.set()

    server = await asyncio.start_server(answer_nonsense, "127.0.0.1", 0)
    async with server:
        resilient = Resilient(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        assert (await resilient.hit(limit=2)).remaining == 1
        assert (await resilient.hit(limit=2)).remaining == 0
        assert resilient.fallbacks == 2
        await resilient.counters.close()
        await asyncio.wait_for(ended.wait(), 10)  # the connection is not left behind


async def test_one_line_is_logged_and_no_secret(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilient_counters, "RETRY_SECONDS", 0.0)
    resilient = Resilient(valkey.url.replace("//", "//school:sesame@"))
    with capture_logs() as lines:
        for _ in range(20):
            assert (await resilient.hit()).allowed
    assert resilient.fallbacks == 20
    assert [line["event"] for line in lines] == ["counters_unavailable"]
    assert "sesame" not in str(lines)
    assert str(valkey.port) not in str(lines)
    await resilient.counters.close()


async def test_the_recovery_is_logged_once(
    valkey: Valkey, resilient: Resilient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resilient_counters, "RETRY_SECONDS", 0.05)
    # The level of this process's log may be another since a test that starts the program in it.
    kept = LogCapture()
    every_level = structlog.wrap_logger(
        structlog.PrintLogger(), processors=[kept], wrapper_class=structlog.BoundLogger
    )
    monkeypatch.setattr(resilient_counters, "log", every_level)
    for _ in range(2):
        valkey.stop()
        await resilient.become(shared=False)
        valkey.start()
        await resilient.become(shared=True)
    found = [line["event"] for line in kept.entries]
    assert found == ["counters_unavailable", "counters_recovered"]


class Failing:
    """Counters that have never worked."""

    def __init__(self) -> None:
        self.asked = 0

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        self.asked += 1
        await asyncio.sleep(0)
        raise OSError

    async def close(self) -> None:
        raise OSError


@pytest.mark.parametrize(("retry_seconds", "asked"), [(3600.0, 1), (0.0, 50)])
async def test_after_a_failure_only_a_trial_now_and_then_is_spent(
    monkeypatch: pytest.MonkeyPatch, retry_seconds: float, asked: int
) -> None:
    monkeypatch.setattr(resilient_counters, "RETRY_SECONDS", retry_seconds)
    failing = Failing()
    counters = ResilientCounters(failing, MemoryCounters(), lambda: None)
    for _ in range(50):
        assert (await counters.hit("caller", 100, 60)).allowed
    assert failing.asked == asked
    await counters.close()


async def test_a_trial_is_made_by_one_hit_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient_counters, "RETRY_SECONDS", 0.0)
    failing = Failing()
    counters = ResilientCounters(failing, MemoryCounters(), lambda: None)
    await counters.hit("caller", 100, 60)
    monkeypatch.setattr(resilient_counters, "RETRY_SECONDS", 3600.0)
    await asyncio.gather(*(counters.hit("caller", 100, 60) for _ in range(50)))
    assert failing.asked == 2
