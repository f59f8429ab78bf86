"""What a soak counts as lost, explained or grown, and where it writes that down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import report
from tests.soak.faults import FAULTS, Fault, nothing
from tests.soak.ledger import Ledger, settle
from tests.soak.load import Seen
from tests.soak.run import ALL_READS, Outcome, Sample, Window

FLAT = [Sample(at, 100, 50, 9) for at in range(0, 80, 2)]


def named(name: str) -> Fault:
    return next(each for each in FAULTS if each.name == name)


@pytest.mark.parametrize(
    ("status", "left"),
    [(200, {"new"}), (422, {"old"}), (503, {"old", "new"}), (0, {"old", "new"})],
)
def test_an_unanswered_write_leaves_both_values_possible(status: int, left: set[str]) -> None:
    allowed = {"old", "new"}
    settle(allowed, "new", status)
    assert allowed == left


def test_only_the_current_fault_explains_a_failure() -> None:
    outcome = Outcome(windows=[Window(named("S3 stopped"), 10, 20)], samples=FLAT)
    outcome.seen = [
        Seen(5, "levels", 200, 0.01),
        Seen(9, "upload", 503, 2),  # under way when S3 went
        Seen(15, "upload", 503, 1),
        Seen(15, "levels", 503, 1),  # needs no S3
        Seen(15, "upload", 500, 1),  # nothing explains a crash
        Seen(25, "upload", 503, 1),  # S3 is back
        Seen(26, "upload", 429, 1),
    ]
    assert outcome.unexplained() == outcome.seen[3:]
    assert report.calm_p99(outcome) == 1
    assert report.faults_of(outcome) == ["4 failures that no fault explains"]


def test_valkey_explains_nothing() -> None:
    for fault in FAULTS:
        if "Valkey" in fault.name:
            assert not any(fault.explains("levels", status) for status in (0, 500, 503))
    assert not Fault("x", nothing, unavailable=frozenset({"*"})).explains("levels", 500)


def test_what_is_lost_or_grows_is_a_failure() -> None:
    growing = [Sample(at, 100 + at * 5, 50, 9) for at in range(0, 80, 2)]
    outcome = Outcome(lost=["level A: found None, promised A"], samples=growing)
    lost, grows = report.faults_of(outcome)
    assert lost == "lost: level A: found None, promised A"
    assert grows.startswith("grows: memory x 1.")
    assert report.faults_of(Outcome(samples=FLAT)) == []
    crowded = [Sample(0, 100, 50, 37)]
    assert report.faults_of(Outcome(samples=crowded)) == ["37 connections to the database"]


def test_each_period_has_its_line() -> None:
    outcome = Outcome(windows=[Window(named("worker killed"), 70, 90)], samples=FLAT)
    outcome.seen = [Seen(1, "levels", 200, 0.01), Seen(75, "levels", 0, 0.2)]
    head, _, first, second = report.table(outcome, 60)
    cells = [each.strip() for each in second.strip("|").split("|")]
    assert cells[1:6] == ["worker killed", "1", "0", "1", "0"]
    assert "| none " in first
    assert "connections" in head


def test_figures_go_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    report.record(page, ["one"])
    report.record(page, ["two"])
    assert page.read_text() == ("# Reliability\n\n## Soak\n\n<!-- soak -->\ntwo\n<!-- /soak -->\n")
    page.write_text("# Mine\n\n<!-- soak -->\n<!-- /soak -->\n\nAfter.\n")
    report.record(page, ["three"])
    assert page.read_text() == "# Mine\n\n<!-- soak -->\nthree\n<!-- /soak -->\n\nAfter.\n"


def test_a_ledger_counts_its_promises() -> None:
    ledger = Ledger(levels={"a": "A"}, deleted={"d"}, names={"user_1": {"A", "B"}})
    assert ledger.size() == 3


def test_nine_in_ten_requests_read() -> None:
    assert sum(weight for weight, _ in ALL_READS) == 90
