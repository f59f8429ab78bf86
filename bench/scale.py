"""What must not grow: W7, the same question to schools of three sizes; two workers; idle memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bench import servers, turns, workloads
from bench.stage import Contestant, Stage
from bench.turns import Figures, Notes, say
from bench.workloads import Questions, Workload

IDLE_SECONDS = 4.0
SLOW_RATE, APART_SECONDS, TOGETHER_SECONDS = 5.0, 2.0, 6.0  # the largest school can bear it
SIZES = (1_000, 100_000, 1_000_000)


async def sizes(stage: Stage, *, rounds: int, largest: int) -> Notes:
    """W2 and W2b of our server on each size; a contestant is named for its number of users.

    What a caller waits for and what the database does is noted of each size apart. Our own CPU time
    is noted of all at once: alone, each would find the machine in a state that its database made.
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
    """CPU seconds per second of housekeeping. Where the database needs long for each answer, it
    would otherwise be counted as the cost of the few requests of a turn."""
    before = servers.cpu_seconds(contestant.pid)
    await asyncio.sleep(IDLE_SECONDS)
    return (servers.cpu_seconds(contestant.pid) - before) / IDLE_SECONDS


async def two_workers(stage: Stage, *, seconds: float, rounds: int) -> Notes:
    """W1, W2 and W3 of one worker and of two with twice the connections: they may share no
    bottleneck."""
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
    """MiB of one fresh worker that has answered nothing but its readiness."""
    fresh = stage.akako("akako-idle")
    return {
        "idle_rss_mib": round(servers.memory_mib(fresh.pid), 1),
        "idle_pss_mib": round(servers.proportional_mib(fresh.pid), 1),
    }
