"""Runs the load, does one thing to the parts each minute, and takes down how the server fares."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.soak import learning
from tests.soak.faults import FAULTS, Fault
from tests.soak.learning_audit import LearningAudit
from tests.soak.ledger import Audit
from tests.soak.load import CLIENTS, READS, WRITES, School, Seen, open_school, work
from tests.soak.stage import WORKERS, Stage

ALL_READS = READS + learning.READS
ALL_WRITES = WRITES + learning.WRITES
HOLD_SECONDS = 10.0
SETTLE_SECONDS = 10.0  # after a fault: reconnecting, a new worker's start
SAMPLE_SECONDS = 2.0
QUIET_SECONDS = 60.0  # in which the last fault's traces must have gone
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
TROUBLE = {400, 401, 403, 405, 413, 415, 422, 429}


@dataclass
class Window:
    """A fault and the time on the run's clock in which it may show."""

    fault: Fault
    begin: float
    end: float = float("inf")


@dataclass
class Sample:
    at: float
    memory: int
    files: int
    connections: int | None


@dataclass
class Outcome:
    seen: list[Seen] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    promised: int = 0
    lost: list[str] = field(default_factory=list)

    def window(self, each: Seen) -> Window | None:
        """The fault during which the request was under way."""
        ends = each.at + each.seconds
        found = (one for one in self.windows if one.begin <= ends and each.at <= one.end)
        return next(found, None)

    def unexplained(self) -> list[Seen]:
        bad = (each for each in self.seen if each.status == 0 or each.status >= 500)
        found = [each for each in bad if not self._explained(each)]
        return found + [each for each in self.seen if each.status in TROUBLE]

    def _explained(self, each: Seen) -> bool:
        window = self.window(each)
        return window is not None and window.fault.explains(each.kind, each.status)


async def soak(stage: Stage, *, seconds: float, period: float, rate: float) -> Outcome:
    """Run for so long, with a fault every `period` seconds, and check every promise at the end."""
    outcome = Outcome()
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=CLIENTS)
    async with httpx2.AsyncClient(
        base_url=stage.server.url, timeout=40, limits=limits, verify=False
    ) as http:
        school = await open_school(stage, http, seconds)
        await learning.prepare(school)
        outcome.seen = school.seen
        until = time.monotonic() + seconds
        watching = asyncio.create_task(_watch(stage, school, outcome))
        breaking = asyncio.create_task(_break(stage, school, outcome, until, period))
        await asyncio.gather(
            *(work(school, until, rate, ALL_READS, ALL_WRITES) for _ in range(CLIENTS))
        )
        await breaking
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await _until_well(http)
        outcome.promised = school.ledger.size()
        outcome.lost = await Audit(http, school.tokens).check(school.ledger)
        outcome.lost += await LearningAudit(school).check()
    return outcome


async def _break(
    stage: Stage, school: School, outcome: Outcome, until: float, period: float
) -> None:
    """The faults in turn: each in the middle of its period, and none at the very end."""
    number = 0
    while (start := school.started + number * period + period / 4) < until - period / 2:
        await asyncio.sleep(start - time.monotonic())
        fault = FAULTS[number % len(FAULTS)]
        window = Window(fault, time.monotonic() - school.started)
        outcome.windows.append(window)
        await asyncio.to_thread(fault.begin, stage)
        await asyncio.sleep(min(HOLD_SECONDS, period / 4))
        await asyncio.to_thread(fault.end, stage)
        while len(stage.workers()) < WORKERS:
            await asyncio.sleep(0.1)
        window.end = time.monotonic() - school.started + min(SETTLE_SECONDS, period / 3)
        number += 1


async def _until_well(http: httpx2.AsyncClient) -> None:
    deadline = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            if (await http.get("/health/ready")).status_code == 200:
                return
        await asyncio.sleep(0.2)
    raise RuntimeError("the server did not become ready again")


async def _watch(stage: Stage, school: School, outcome: Outcome) -> None:
    while True:
        connections = await asyncio.to_thread(stage.connections)
        memory = files = 0
        for pid in stage.workers():
            with suppress(OSError):  # it may just have been killed
                resident = Path(f"/proc/{pid}/statm").read_text().split()[1]
                memory += int(resident) * PAGE_BYTES
                files += len(os.listdir(f"/proc/{pid}/fd"))
        at = time.monotonic() - school.started
        outcome.samples.append(Sample(at, memory, files, connections))
        await asyncio.sleep(SAMPLE_SECONDS)
