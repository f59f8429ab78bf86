"""Measure contestants in turns, and report the medians."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psycopg

from bench import data, load, servers, sql
from bench.stage import Contestant, Stage
from bench.workloads import Workload

Figures = dict[str, float]
Table = dict[str, dict[str, Figures]]  # workload → contestant → figures
REBUILD = "rebuild"  # in the table beside the workloads: seconds for each size of school
WARM_UP = 0.7
RATE = 100.0  # requests per second; the slowest contestant sustains it
SQL_SECONDS = 1.0


@dataclass
class Notes:
    """The results of all turns so far."""

    turns: dict[tuple[str, str], list[Figures]] = field(default_factory=lambda: defaultdict(list))

    def add(self, workload: str, contestant: str, figures: Figures) -> None:
        self.turns[workload, contestant].append(figures)

    def medians(self) -> Table:
        table: Table = defaultdict(dict)
        for (workload, contestant), turns in self.turns.items():
            names = {name for turn in turns for name in turn}
            table[workload][contestant] = {
                name: round(statistics.median([t[name] for t in turns if name in t]), 2)
                for name in sorted(names)
            }
        return dict(table)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


async def turn(
    stage: Stage,
    contestant: Contestant,
    workload: Workload,
    run: Callable[[], Awaitable[load.Load]],
) -> tuple[load.Load, Figures]:
    """Run one turn; return the CPU time per response of the server and the database."""
    if workload.writes:
        data.clear_enrollments(stage.url)
    ours, theirs = servers.cpu_seconds(contestant.pid), servers.cpu_seconds(stage.postmaster)
    done = await run()
    ours = servers.cpu_seconds(contestant.pid) - ours - contestant.idle * done.seconds
    theirs = servers.cpu_seconds(stage.postmaster) - theirs - stage.idle * done.seconds
    return done, {"cpu_us": ours / done.answers * 1e6, "db_us": theirs / done.answers * 1e6}


async def full(stage: Stage, contestant: Contestant, workload: Workload, seconds: float) -> Figures:
    """Run a turn at full speed."""
    source = workload.make(contestant)
    done, figures = await turn(
        stage,
        contestant,
        workload,
        lambda: load.drive(
            contestant.port,
            source,
            seconds=seconds,
            connections=workload.connections,
            good=workload.good,
        ),
    )
    return {**figures, "per_second": done.answers / done.seconds}


async def at_rate(
    stage: Stage,
    contestant: Contestant,
    workload: Workload,
    seconds: float,
    *,
    rate: float = RATE,
    connections: int = 0,
) -> Figures:
    """Run a turn at a fixed rate; measure latency and cost."""
    source = workload.make(contestant)
    done, figures = await turn(
        stage,
        contestant,
        workload,
        lambda: load.paced(
            contestant.port,
            source,
            rate=rate,
            seconds=seconds,
            connections=connections or workload.connections,
            good=workload.good,
        ),
    )
    waits = {"p50_ms": done.percentile(0.5) * 1000, "p99_ms": done.percentile(0.99) * 1000}
    return {**figures, **waits}


async def interleaved(
    stage: Stage,
    pairs: Sequence[tuple[Workload, Sequence[Contestant]]],
    *,
    seconds: float,
    rounds: int,
    rate_for: Sequence[str] = (),
) -> Notes:
    """Run rounds with one turn per contestant and workload; the first round is a warm-up."""
    notes = Notes()
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}" if number else "warming up")
        for workload, contestants in pairs:
            for contestant in contestants:
                length = seconds if number else min(seconds, WARM_UP)
                figures = await full(stage, contestant, workload, length)
                if number:
                    notes.add(workload.name, contestant.name, figures)
    for workload, contestants in pairs:
        if workload.name in rate_for:
            say(f"{workload.name} at {RATE:.0f} requests per second")
            for contestant in contestants:
                figures = await at_rate(stage, contestant, workload, min(2 * seconds, 3.0))
                waits = {name: figures[name] for name in ("p50_ms", "p99_ms")}
                notes.add(workload.name, contestant.name, waits)
    return notes


def sql_alone(stage: Stage) -> dict[str, float]:
    """Return the database's CPU time in µs for the SQL of W1, W2 and W3, without a server."""
    say("the statements alone")
    costs = {}
    with psycopg.connect(stage.url, autocommit=True, prepare_threshold=0) as db:
        for name, ask in (("W1", _levels), ("W2", _search), ("W3", _enroll)):
            data.clear_enrollments(stage.url)
            number, before = 0, servers.cpu_seconds(stage.postmaster)
            end = time.perf_counter() + SQL_SECONDS
            while time.perf_counter() < end:
                ask(db, number)
                number += 1
            costs[name] = (servers.cpu_seconds(stage.postmaster) - before) / number * 1e6
    data.clear_enrollments(stage.url)
    return {name: round(cost, 1) for name, cost in costs.items()}


Connection = psycopg.Connection[tuple[object, ...]]


def _run(db: Connection, text: str, *values: object) -> None:
    cursor: psycopg.RawCursor[tuple[object, ...]] = psycopg.RawCursor(db)
    cursor.execute(text.encode(), values, prepare=True)


def _levels(db: Connection, _: int) -> None:
    _run(db, sql.LEVELS)


def _search(db: Connection, _: int) -> None:
    _run(db, sql.CALLER, data.ADMIN, "sess_none")
    _run(db, sql.SEARCH, "%john%")


def _enroll(db: Connection, number: int) -> None:
    pupils = data.pupils()
    pupil, subject = pupils[number % len(pupils)], f"subject{number // len(pupils):04}"
    _run(db, sql.CALLER, pupil, "sess_none")
    id = f"{number:032}"
    with db.transaction():
        _run(db, sql.SUBJECT, subject)
        _run(db, sql.ENROLL, id, pupil, subject, "Please")
        facts = '{"status": "PENDING"}'
        who = (pupil, pupil, "enrollment.requested", "enrollment", id)
        _run(db, sql.AUDIT, *who, facts, "127.0.0.1", "0123456789abcdef")
        _run(db, sql.ANNOUNCE, id, "enrollment.requested", facts)


def run(coroutine: Awaitable[Notes]) -> Notes:
    """Run the turns in the event loop of the load generator."""
    import uvloop

    async def main() -> Notes:
        return await coroutine

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
