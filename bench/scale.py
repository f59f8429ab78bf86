"""Measure scaling: W7 (three sizes of school), two workers, and the memory of an idle worker."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bench import servers, turns, workloads
from bench.stage import Contestant, Stage
from bench.turns import Figures, Notes, say
from bench.workloads import Questions, Workload

IDLE_SECONDS = 4.0
SLOW_RATE, APART_SECONDS, TOGETHER_SECONDS = (
    5.0,
    2.0,
    6.0,
)  # a rate that the largest school sustains
SIZES = (1_000, 100_000, 1_000_000)


async def sizes(stage: Stage, *, rounds: int, largest: int) -> Notes:
    """Measure W2 and W2b of our server for each size; a contestant is named after its users.

    Latency and database time are measured for each size alone. Our CPU time is measured with all
    sizes in one run, because each database leaves the caches of the machine in a different state.
    """
    notes = Notes()
    asked = Questions(stage)
    contestants = []
    for users in SIZES:
        if users > largest:
            continue
        url = stage.url if users == stage.users else stage.another_database(users)
        contestant = stage.akako(f"akako-{users}", url=url)
        await asked.learn(contestant, url, users)
        contestants.append(contestant)
    for contestant in contestants:
        contestant.idle = await _idle_cpu(contestant)
    say("W7, schools of three sizes")
    for number in range(rounds + 1):
        for workload in workloads.all_of(asked):
            if workload.name in ("W2", "W2b"):
                apart = [await _slowly(stage, c, workload, APART_SECONDS) for c in contestants]
                together = await asyncio.gather(
                    *(_slowly(stage, c, workload, TOGETHER_SECONDS) for c in contestants)
                )
                for contestant, figures, shared in zip(contestants, apart, together, strict=True):
                    figures["cpu_us"] = shared["cpu_us"]
                    if number:
                        notes.add(f"W7 {workload.name}", contestant.name, figures)
    return notes


async def _slowly(
    stage: Stage, contestant: Contestant, workload: Workload, seconds: float
) -> Figures:
    return await turns.at_rate(stage, contestant, workload, seconds, rate=SLOW_RATE, connections=4)


async def _idle_cpu(contestant: Contestant) -> float:
    """Return the CPU seconds per second that an idle server uses.

    With slow queries, this would otherwise count as the cost of the few requests of a turn.
    """
    before = servers.cpu_seconds(contestant.pid)
    await asyncio.sleep(IDLE_SECONDS)
    return (servers.cpu_seconds(contestant.pid) - before) / IDLE_SECONDS


async def two_workers(stage: Stage, *, seconds: float, rounds: int) -> Notes:
    """Measure W1, W2 and W3 with one worker, and with two workers and twice the connections."""
    say("two workers beside one")
    asked = Questions(stage)
    one, two = stage.akako(), stage.akako("akako-two", "--workers", "2")
    pairs = []
    for contestant, connections in ((one, 16), (two, 32)):
        await asked.learn(contestant, stage.url, stage.users)
        chosen = [w for w in workloads.all_of(asked) if w.name in ("W1", "W2", "W3")]
        pairs += [
            (replace(w, name=f"{w.name}, workers", connections=connections), [contestant])
            for w in chosen
        ]
    pairs.sort(key=lambda pair: pair[0].name)
    return await turns.interleaved(stage, pairs, seconds=seconds, rounds=rounds)


def idle_memory(stage: Stage) -> dict[str, float]:
    """Return the memory in MiB of a new worker that has served only the readiness check."""
    fresh = stage.akako("akako-idle")
    return {
        "idle_rss_mib": round(servers.memory_mib(fresh.pid), 1),
        "idle_pss_mib": round(servers.proportional_mib(fresh.pid), 1),
    }
