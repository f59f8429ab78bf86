"""A soak's figures, as a table for people and for `docs/reliability.md`."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.soak.load import Seen
from tests.soak.run import Outcome, Sample
from tests.soak.stage import WORKERS

BEGIN, END = "<!-- soak -->", "<!-- /soak -->"
HEADING = "## Soak"
MIB = 1024 * 1024
# Of each worker: its pool, that of its jobs, one that listens for jobs, one for public changes.
MOST_CONNECTIONS = WORKERS * (10 + 6 + 1 + 1)
MOST_GROWTH = 1.3  # of the last quarter over the second, beyond which something leaks


def percentile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def table(outcome: Outcome, period: float) -> list[str]:
    """A line for each period: the fault, what was asked, what failed, how long the rest took."""
    head = ["#", "fault", "requests", "503", "no answer", "unexplained", "p50 ms", "p99 ms"]
    lines = [[*head, "memory MiB", "files", "connections"]]
    odd = {id(each) for each in outcome.unexplained()}
    periods = int(max((each.at for each in outcome.seen), default=0) // period) + 1
    for number in range(periods):
        begin, end = number * period, (number + 1) * period
        seen = [each for each in outcome.seen if begin <= each.at < end]
        calm = [each.seconds for each in seen if outcome.window(each) is None]
        faults = [each.fault.name for each in outcome.windows if begin <= each.begin < end]
        samples = [each for each in outcome.samples if begin <= each.at < end]
        lines.append([
            str(number + 1), ", ".join(faults) or "none", str(len(seen)),
            str(sum(each.status == 503 for each in seen)),
            str(sum(each.status == 0 for each in seen)),
            str(sum(id(each) in odd for each in seen)),
            _ms(percentile(calm, 0.5)), _ms(percentile(calm, 0.99)),
            *_state(samples),
        ])  # fmt: skip
    return _aligned(lines)


def _state(samples: Sequence[Sample]) -> list[str]:
    if not samples:
        return ["", "", ""]
    known = [each.connections for each in samples if each.connections is not None]
    memory = statistics.median(each.memory for each in samples) / MIB
    files = statistics.median(each.files for each in samples)
    return [f"{memory:.0f}", f"{files:.0f}", f"{statistics.median(known):.0f}" if known else ""]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def growth(samples: Sequence[Sample], of: str) -> float:
    """The median of the last quarter over that of the second, after caches have filled."""
    values = [value for each in samples if (value := getattr(each, of)) is not None]
    quarter = len(values) // 4
    if quarter == 0:
        return 1.0
    early = statistics.median(values[quarter : 2 * quarter])
    return float(statistics.median(values[-quarter:]) / early) if early else 1.0


def calm_p99(outcome: Outcome) -> float:
    calm = [each.seconds for each in outcome.seen if outcome.window(each) is None]
    return percentile(calm, 0.99)


def summary(outcome: Outcome) -> list[str]:
    seen, odd = outcome.seen, outcome.unexplained()
    shares = Counter(_share(each) for each in seen)
    by = ", ".join(f"{n * 100 / max(1, len(seen)):.0f} % {name}" for name, n in shares.items())
    hit = [each.seconds for each in seen if outcome.window(each) is not None]
    grown = ", ".join(
        f"{name} x {growth(outcome.samples, of):.2f}"
        for name, of in (("memory", "memory"), ("files", "files"), ("connections", "connections"))
    )
    lines = [
        f"{len(seen)} requests ({by}), {len(outcome.windows)} faults.",
        f"Promises checked at the end: {outcome.promised}; lost: {len(outcome.lost)}.",
        f"Failures that no fault explains: {len(odd)}.",
        f"p99 while nothing was broken: {_ms(calm_p99(outcome))} ms; "
        f"around faults: {_ms(percentile(hit, 0.99))} ms.",
        f"Last quarter over second quarter: {grown}.",
    ]
    return lines + [f"  unexplained: {_failure(each)}" for each in odd[:20]]


def _failure(each: Seen) -> str:
    return f"{each.kind} {each.status} at {each.at:.1f} s, after {each.seconds:.1f} s {each.text}"


def _share(each: Seen) -> str:
    if each.kind in ("levels", "subjects", "topics", "topic"):
        return "reads"
    signed_in = (
        "profile", "own requests", "users", "stream", "play", "home", "lesson", "inbox", "my notes",
    )  # fmt: skip
    return "signed in" if each.kind in signed_in else "writes and files"


def faults_of(outcome: Outcome) -> list[str]:
    """Return what makes the run a failure. Latency depends on the machine and is only reported."""
    found = [f"lost: {each}" for each in outcome.lost[:20]]
    if odd := outcome.unexplained():
        found.append(f"{len(odd)} failures that no fault explains")
    most = max((each.connections or 0 for each in outcome.samples), default=0)
    if most > MOST_CONNECTIONS:
        found.append(f"{most} connections to the database")
    factors = {of: growth(outcome.samples, of) for of in ("memory", "files")}
    grown = (f"{of} x {factor:.2f}" for of, factor in factors.items() if factor > MOST_GROWTH)
    return found + [f"grows: {each}" for each in grown]


def record(page: Path, lines: Sequence[str]) -> None:
    """Put the figures between the page's two marks; both are added where there are none."""
    text = page.read_text(encoding="utf-8") if page.exists() else "# Reliability\n"
    if BEGIN not in text or END not in text:
        text = f"{text.rstrip()}\n\n{HEADING}\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    body = "\n".join(lines)
    page.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}", encoding="utf-8")
