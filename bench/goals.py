"""The performance goals: ratios of figures of one run, with their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.turns import Table


@dataclass
class Goal:
    """A ratio with its limit. `value` is None if the run did not measure it."""

    name: str
    limit: float
    value: float | None
    at_least: bool = False
    unit: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def behind(self) -> float:
        """The relative distance to the limit: 0.3 is 30 %."""
        if self.value is None or self.met:
            return 0.0
        return (self.limit / self.value if self.at_least else self.value / self.limit) - 1


# workload, peer, maximum of our CPU time divided by the peer's
RATIOS = [
    ("W1", "static", 2.0),
    ("W1", "fastify", 0.5),
    ("W1 cold", "handwritten", 1.3),
    ("W3", "handwritten", 1.3),
    ("W3", "fastify", 1.4),
    ("W2", "handwritten", 0.8),
    ("W2", "fastify", 0.75),
    ("W8", "handwritten", 1.3),
    ("deliveries", "loop", 1.5),
    ("W1", "nextjs", 1 / 25),
    ("W2", "nextjs", 1 / 5),
    ("W3", "nextjs", 1 / 8),
    *((name, "fastapi", 0.5) for name in ("W1", "W1 cold", "W1b", "W2", "W2b", "W3", "W6")),
]
SMOKE = {("W1", "static"), ("W2", "handwritten"), ("W3", "handwritten")}


def ratio(table: Table, workload: str, peer: str) -> float | None:
    try:
        return table[workload]["akako"]["cpu_us"] / table[workload][peer]["cpu_us"]
    except KeyError:
        return None


def users_of(contestant: str) -> int:
    """Return the number of users in the name of a contestant such as `akako-1000`."""
    return int(contestant.rpartition("-")[2])


def judged(table: Table, memory: dict[str, float]) -> list[Goal]:
    goals = [
        Goal(f"{workload}, CPU time ÷ {peer}", limit, ratio(table, workload, peer))
        for workload, peer, limit in RATIOS
    ]
    return [
        *goals,
        *_sizes(table),
        *_analyses(table),
        *_workers(table),
        *_files(table),
        *_pages(table),
        *_memory(memory),
    ]


def smoke(table: Table) -> list[Goal]:
    """Return the three goals that a short run can measure."""
    return [
        Goal(f"{workload}, CPU time ÷ {peer}", limit, ratio(table, workload, peer))
        for workload, peer, limit in RATIOS
        if (workload, peer) in SMOKE
    ]


def _value(get: Callable[[], float]) -> float | None:
    try:
        return get()
    except (KeyError, ValueError):
        return None


def _sizes(table: Table) -> Iterator[Goal]:
    for name in ("W2", "W2b"):
        costs = {
            users_of(contestant): figures["cpu_us"]
            for contestant, figures in table.get(f"W7 {name}", {}).items()
        }
        growth = costs[max(costs)] / costs[min(costs)] if len(costs) > 1 else None
        sizes = f"{max(costs):,} users ÷ {min(costs):,}" if costs else "sizes"
        yield Goal(f"W7, {name}, CPU time at {sizes}", 1.2, growth)


def _analyses(table: Table) -> Iterator[Goal]:
    """Return the goals of W9: milliseconds of the database, and their growth."""
    for name in (each for each in table if each.startswith("W9 ")):
        costs = {
            users_of(contestant): figures["db_us"] / 1000
            for contestant, figures in table[name].items()
        }
        small, large = min(costs), max(costs)
        yield Goal(f"{name}, database time at {large:,} users", 50.0, costs[large], unit=" ms")
        if small < large:
            growth = costs[large] / costs[small]
            yield Goal(f"{name}, database time at {large:,} users ÷ {small:,}", 1.5, growth)


def _workers(table: Table) -> Iterator[Goal]:
    for name in ("W1", "W2", "W3"):
        row = table.get(f"{name}, workers", {})
        one, two = row.get("akako"), row.get("akako-two")
        value = 2 * one["cpu_us"] / two["cpu_us"] if one and two else None
        yield Goal(f"{name}, two workers' answers per CPU time ÷ one's", 1.9, value, at_least=True)


def _files(table: Table) -> Iterator[Goal]:
    w4, w5 = table.get("W4", {}), table.get("W5", {})
    speed = _value(lambda: w4["akako"]["mib_s"] / w4["cat and sync"]["mib_s"])
    yield Goal("W4, speed ÷ cat to the same disk, both synced", 0.7, speed, at_least=True)
    grown = _value(lambda: w4["akako"]["grown_mib"])
    yield Goal("W4, memory growth", 16.0, grown, unit=" MiB")
    for reader in ("one", "many"):
        key = f"{reader}_mib_s"
        ours, theirs = w5.get("akako"), w5.get("nginx")
        speed = ours[key] / theirs[key] if ours and theirs else None
        what = "1 reader" if reader == "one" else "200 readers"
        yield Goal(f"W5, speed ÷ nginx, {what}", 0.5, speed, at_least=True)
    refused = _value(lambda: w5["akako"]["refused"])
    yield Goal("W5, refused of 200 readers at once", 0.0, refused)
    first = _value(lambda: w5["akako"]["first_byte_p99_ms"])
    yield Goal("W5, first byte of 200 players, p99", 100.0, first, unit=" ms")


# Workload of a page, and the maximum of our CPU time in milliseconds
PAGES = {"W10 Home": 3.0, "W10 topic": 3.0, "W10 queue": 4.0}


def _pages(table: Table) -> Iterator[Goal]:
    for name, limit in PAGES.items():
        row = table.get(name, {}).get("akako")
        yield Goal(f"{name}, CPU time", limit, row["cpu_us"] / 1000 if row else None, unit=" ms")
    yield Goal(
        "W10, Home, CPU time ÷ Kolibri's learner page",
        0.5,
        ratio(table, "W10 Home", "kolibri, with its data"),
    )


def _memory(memory: dict[str, float]) -> Iterator[Goal]:
    resident = _value(lambda: memory["idle_rss_mib"])
    yield Goal("resident memory of an idle worker", 110.0, resident, unit=" MiB")
