"""Every test that the page on reliability names exists, and every fault names one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.project import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
UNTRIED = "## Not tested"


def home(path: str) -> Path:
    return ROOT / path if path.startswith("sdk/") else ROOT / "server" / "tests" / path


def missing(page: str) -> list[str]:
    """The tests that the page names and that do not exist."""
    return [
        f"{path}::{name}"
        for path, name in NAMED.findall(page)
        if not home(path).exists() or name not in functions(home(path))
    ]


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def unproved(page: str) -> list[str]:
    """The lines of tables that name no test."""
    tried = page.partition(UNTRIED)[0]
    lines = re.findall(r"^\| .+$", tried, re.MULTILINE)
    heads = {line for line in lines if line.rstrip(" |").endswith("shown by")}
    return [line for line in lines if line not in heads and not NAMED.search(line)]


def test_every_test_that_is_named_exists() -> None:
    assert len(NAMED.findall(PAGE)) > 150
    assert missing(PAGE) == []


def test_every_fault_is_shown_by_a_test() -> None:
    assert unproved(PAGE) == []


def test_every_fault_of_the_suite_is_documented() -> None:
    """What `faults` and `states` try stands on the page."""
    named = {name for _, name in NAMED.findall(PAGE)}
    folders = [ROOT / "server" / "tests" / each for each in ("faults", "states")]
    modules = [path for folder in folders for path in folder.glob("test_*.py")]
    assert modules
    tests = {name for path in modules for name in functions(path) if name.startswith("test_")}
    own = functions(ROOT / "server" / "tests" / "faults" / "test_invariants.py")
    assert tests - own - named == set()


@pytest.mark.parametrize("name", ["gone.py::test_x", "house/test_reliability.py::test_gone"])
def test_a_test_that_is_gone_is_noticed(name: str) -> None:
    assert missing(f"| x | `{name}` |") == [name]


def test_a_fault_without_a_test_is_noticed() -> None:
    assert unproved("| fault | shown by |\n|---|---|\n| fire | |\n") == ["| fire | |"]
