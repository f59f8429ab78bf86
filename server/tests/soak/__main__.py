"""`make soak`: a school at work for a while, with something broken every minute."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time

from akako import __version__
from tests.house.project import ROOT
from tests.parts.postgres import passable_folder
from tests.soak import report
from tests.soak.run import soak
from tests.soak.stage import open_stage

PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--period", type=float, default=60, help="seconds from fault to fault")
    parser.add_argument("--rate", type=float, default=40, help="requests a second")
    parser.add_argument("--record", action="store_true", help="write docs/reliability.md")
    options = parser.parse_args()
    with passable_folder() as folder, open_stage(folder) as stage:
        seconds = options.minutes * 60
        sys.stdout.write(f"{options.minutes:g} minutes from {time.strftime('%H:%M:%S')}\n")
        outcome = asyncio.run(
            soak(stage, seconds=seconds, period=options.period, rate=options.rate)
        )
        log = stage.server.log()
    lines = [*report.summary(outcome), "", *report.table(outcome, options.period)]
    sys.stdout.write("\n".join(lines) + "\n")
    faults = report.faults_of(outcome)
    if "_crashed" in log:
        faults.append(f"a crash in the log: {log[log.index('_crashed') :][:3000]}")
    if options.record:
        report.record(PAGE, _heading(options) + lines)
    for fault in faults:
        sys.stdout.write(f"FAILED {fault}\n")
    return int(bool(faults))


def _heading(options: argparse.Namespace) -> list[str]:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return [
        f"Made on {day} by `make soak MINUTES={options.minutes:g}`, version {__version__}, on "
        f"{os.cpu_count()} cores that the clients, PostgreSQL, Valkey and S3 shared.",
        "",
    ]


if __name__ == "__main__":
    sys.exit(main())
