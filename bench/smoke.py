"""Compare the hot paths with their goals in less than a minute (`make bench-smoke`).

Exits with status 1 if a ratio exceeds its goal by more than 30 %. Not part of the gate, because the
load of the machine affects the result.
"""

from __future__ import annotations

import sys

from bench import goals, report, run, stage, turns

ALLOWED = 0.3


def main() -> None:
    arguments = "--only w1,w2,w3 --peers static,handwritten --users 20000 --rounds 3 --seconds 0.6"
    options = run.options_of(arguments.split())
    with stage.prepared(options.users) as prepared:
        table = turns.run(run.small(prepared, options, at_rate=())).medians()
    judged = goals.smoke(table)
    report.terminal(table, judged, {})
    late = [goal.name for goal in judged if goal.behind > ALLOWED]
    if late:
        sys.exit(f"more than {ALLOWED:.0%} behind the goal: {'; '.join(late)}")


if __name__ == "__main__":
    main()
