"""Measure the server and its peers in turns within one run (`make bench`)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import (
    analyses,
    data,
    deliveries,
    downloads,
    goals,
    load,
    pages,
    progress,
    report,
    rivals,
    scale,
    stage,
    turns,
    uploads,
    workloads,
)
from bench.stage import Contestant, Stage
from bench.turns import Notes, Table, say
from bench.workloads import LEVELS, Questions, Workload, get

SMALL = ("W1", "W1 cold", "W1b", "W2", "W2b", "W3", "W6")
LARGE = ("W4", "W5", "W7", "W8", "W9", "W10", "deliveries", "workers", "sql", "memory")
AT_RATE = ("W1", "W2", "W3")
MIN_ROUNDS = 3  # of the parts that take long; the median of one turn would be an accident
PEERS = (*rivals.NAMES, "nginx")


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    wanted = ", ".join(each.replace(" ", "-") for each in (*SMALL, *LARGE))
    parser.add_argument("--only", help=f"comma list of {wanted}")
    parser.add_argument("--peers", help=f"comma list of {', '.join(PEERS)}")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument(
        "--largest", type=int, default=1_000_000, help="users of the last school of W7 and W9"
    )
    parser.add_argument("--progress", type=int, default=10_000_000, help="stored rows of W8 and W9")
    parser.add_argument("--seconds", type=float, default=1.2, help="per turn")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    options.only = _chosen(parser, options.only, (*SMALL, *LARGE))
    options.peers = _chosen(parser, options.peers, PEERS)
    return options


def _chosen(parser: argparse.ArgumentParser, text: str | None, known: tuple[str, ...]) -> list[str]:
    if not text:
        return list(known)
    names = {each.replace(" ", "-").lower(): each for each in known}
    unknown = [each for each in text.lower().split(",") if each not in names]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(names)}")
    return [names[each] for each in text.lower().split(",")]


async def contestants(prepared: Stage, asked: Questions, names: list[str]) -> dict[str, Contestant]:
    """Start our server and the peers, and read the tags and cursors that requests need."""
    running = {"akako": prepared.akako()}
    await asked.learn(running["akako"], prepared.url, prepared.users)
    await _keep_answer(prepared, running["akako"])
    for name in names:
        say(f"starting {name}")
        if name == "nginx":
            running[name] = prepared.nginx("nginx", _ready_answer(prepared))
            continue
        rivals.install(name)
        running[name] = prepared.rival(name)
        if name != "static":
            await asked.learn(running[name], prepared.url, prepared.users)
    return running


async def _keep_answer(prepared: Stage, ours: Contestant) -> None:
    """Save the response to W1 for the peers that serve it as a static file."""
    _, headers, body = await load.once(ours.port, get(LEVELS))
    kept = [pair for pair in headers if pair[0] != "date"]
    (prepared.folder / "levels.json").write_bytes(body)
    (prepared.folder / "levels.headers.json").write_text(json.dumps(kept))
    (prepared.folder / "levels.json").chmod(0o644)


def _ready_answer(prepared: Stage) -> str:
    kept = json.loads((prepared.folder / "levels.headers.json").read_text())
    skipped = {"content-length", "content-type", "etag", "connection", "server"}
    lines = [
        f"add_header {name} {json.dumps(value)};" for name, value in kept if name not in skipped
    ]
    return f"""
    location = /api/education/levels {{
      default_type "application/json; charset=utf-8";
      types {{ }}
      {" ".join(lines)}
      alias {prepared.folder}/levels.json;
    }}
    """


async def check_cold(prepared: Stage, running: dict[str, Contestant], asked: Questions) -> None:
    """Raise RuntimeError if a cached response could serve "W1 cold".

    The next response must show a change that triggers no notification.
    """
    for name, contestant in running.items():
        if name in workloads.FLOOR:
            continue
        source = asked.levels_cold(contestant)
        for text in ("seen", "x" * 60):
            await load.once(contestant.port, _next(source))
            data.describe_silently(prepared.url, text)
            _, _, body = await load.once(contestant.port, _next(source))
            if f'"{text}"'.encode() not in body:
                raise RuntimeError(f"W1 cold is not cold at {name}: it sent a kept answer")


def _next(source: load.Source) -> bytes:
    request = source()
    assert request is not None
    return request


async def small(
    prepared: Stage, options: argparse.Namespace, at_rate: tuple[str, ...] = AT_RATE
) -> Notes:
    """Configure the workloads of small responses; those in `at_rate` also run at a fixed rate."""
    asked = Questions(prepared)
    running = await contestants(prepared, asked, options.peers)
    chosen = [each for each in workloads.all_of(asked) if each.name in options.only]
    pairs: list[tuple[Workload, list[Contestant]]] = []
    for workload in chosen:
        peers = [running[name] for name in workload.rivals if name in running]
        for peer in peers:
            await workloads.check_same(running["akako"], peer, workload, prepared.url)
        pairs.append((workload, [running["akako"], *peers]))
    await check_cold(prepared, running, asked)
    say("all answer alike")
    return await turns.interleaved(
        prepared, pairs, seconds=options.seconds, rounds=options.rounds, rate_for=at_rate
    )


@dataclass
class Findings:
    """The results of a run. A failed part does not end the others."""

    table: Table = field(default_factory=dict)
    sql: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def add(self, part: str, measure: Callable[[], None]) -> None:
        try:
            measure()
        except (RuntimeError, AssertionError, OSError) as error:
            self.failed.append(part)
            say(f"{part} failed: {error!r}")


def measured(prepared: Stage, options: argparse.Namespace) -> Findings:
    """Run all requested parts."""
    found = Findings()
    table, only = found.table, set(options.only)
    rounds = max(MIN_ROUNDS, options.rounds - 2)
    ours = prepared.akako()
    lasting = {"seconds": options.seconds, "rounds": rounds}
    parts: dict[str, Callable[[], None]] = {
        "small": lambda: table.update(turns.run(small(prepared, options)).medians()),
        "workers": lambda: table.update(
            turns.run(scale.two_workers(prepared, **lasting)).medians()
        ),
        "sql": lambda: found.sql.update(turns.sql_alone(prepared)),
        "W4": lambda: table.update(uploads.measured(prepared, ours)),
        "W5": lambda: table.update(downloads.measured(prepared, ours)),
        "W10": lambda: table.update(pages.measured(prepared, rounds=rounds).medians()),
        "memory": lambda: found.memory.update(scale.idle_memory(prepared)),
        "W8": lambda: table.update(
            turns.run(progress.measured(prepared, **lasting, rows=options.progress)).medians()
        ),
        "W9": lambda: table.update(
            turns.run(
                analyses.measured(
                    prepared, rounds=rounds, largest=options.largest, rows=options.progress
                )
            ).medians()
        ),
        "deliveries": lambda: table.update(deliveries.measured(prepared)),
        "W7": lambda: table.update(
            turns.run(scale.sizes(prepared, rounds=rounds, largest=options.largest)).medians()
        ),
    }
    for name, measure in parts.items():
        if name in only or (name == "small" and only & set(SMALL)):
            found.add(name, measure)
    return found


def main() -> None:
    options = options_of()
    started = time.monotonic()
    with stage.prepared(options.users) as prepared:
        found = measured(prepared, options)
    judged = goals.judged(found.table, found.memory)
    report.terminal(found.table, judged, found.sql)
    everything = set(options.only) >= {*SMALL, *LARGE} and set(options.peers) >= set(PEERS)
    report.write(
        found.table,
        judged,
        found.sql,
        found.memory,
        vars(options),
        whole=everything and not found.failed,
    )
    say(f"done in {time.monotonic() - started:.0f} seconds")
    if found.failed:
        sys.exit(f"failed: {', '.join(found.failed)}")


if __name__ == "__main__":
    main()
