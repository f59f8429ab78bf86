"""Record flame graphs of W1 to W3 and the pages of W10 in bench/profiles/NAME/."""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

from bench import load, pages, stage, workloads
from bench.servers import ROOT
from bench.stage import Contestant, Stage
from bench.turns import say
from bench.workloads import Questions

FOLDER = Path(__file__).with_name("profiles")
WORKLOADS = ("W1", "W2", "W3")
MOST_PAGES = 590  # of a person in a minute


async def record(ours: Contestant, work: Awaitable[object], target: Path, seconds: int) -> None:
    """Sample the stacks of the server while the work loads it."""
    say(f"profiling {target.stem}")
    program = Path(sys.executable).with_name("py-spy")
    line = [str(program), "record", "--format", "flamegraph", "--rate", "500", "--nonblocking"]
    line += ["--duration", str(seconds), "--pid", str(ours.pid), "--output", str(target)]
    busy = asyncio.ensure_future(work)
    spy = await asyncio.create_subprocess_exec(
        *line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, errors = await spy.communicate()
    await busy
    if spy.returncode:
        raise RuntimeError(f"py-spy: {errors.decode()}")
    target.write_text(_without_places(target.read_text(encoding="utf-8")), encoding="utf-8")


def _without_places(svg: str) -> str:
    """Remove the paths of this machine."""
    for place in (f"{ROOT}/server/", f"{ROOT}/", f"{sys.prefix}/", f"{sys.base_prefix}/"):
        svg = svg.replace(place, "")
    return re.sub(r"lib/python3\.\d+/(site-packages/)?", "", svg)


async def profiled(prepared: Stage, target: Path, seconds: int) -> None:
    asked = Questions(prepared)
    ours = prepared.akako()
    await asked.learn(ours, prepared.url, prepared.users)
    for workload in workloads.all_of(asked):
        if workload.name in WORKLOADS:
            work = load.drive(
                ours.port,
                workload.make(ours),
                seconds=seconds + 2,
                connections=workload.connections,
                good=workload.good,
            )
            await record(ours, work, target / f"{workload.name}.svg", seconds)
    for name, (people, paths) in pages.readers_of(prepared, ours).items():
        most = MOST_PAGES * len(people)
        pages_work = asyncio.to_thread(pages.read, people, paths, seconds=seconds + 2, most=most)
        await record(ours, pages_work, target / (name.replace(" ", "-") + ".svg"), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-profile", description=__doc__)
    parser.add_argument("--name", default="now", help="the folder in bench/profiles")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    target = FOLDER / options.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with stage.prepared(options.users) as prepared:
        asyncio.run(profiled(prepared, target, options.seconds))
    print(f"written: {target.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
