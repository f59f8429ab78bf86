"""Every line of the threat model and every item that is met names a test that exists."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house.project import ROOT
from tests.house.test_reliability import functions, home

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def missing(page: str) -> list[str]:
    """The tests that the page names and that do not exist."""
    return [
        f"{path}::{name}" if name else path
        for path, name in NAMED.findall(page)
        if not home(path).exists() or (name and name not in functions(home(path)))
    ]


def unproved(page: str) -> list[str]:
    """The lines of the threat model, and items that are met, without a test."""
    model, _, items = page.partition("\n## ASVS")
    threats = model.partition("## Threat model")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .+$", threats, re.MULTILINE)
    rows = [row for row in rows if not row.rstrip(" |").endswith("shown by")]
    rows += [row for row in re.findall(r"^\| .+$", items, re.MULTILINE) if "| met |" in row]
    return [row for row in rows if not NAMED.search(row)]


def test_every_named_test_exists() -> None:
    assert len(NAMED.findall(PAGE)) > 150
    assert missing(PAGE) == []


def test_every_threat_and_every_met_item_names_a_test() -> None:
    assert unproved(PAGE) == []


@pytest.mark.parametrize(
    "area", ["web/", "web/test_oidc", "web/test_sessions", "medialinks/", "dispatch/"]
)
def test_newer_areas_are_covered(area: str) -> None:
    assert [path for path, _ in NAMED.findall(PAGE) if path.startswith(area)]


def test_commands_and_evaluated_text_are_rejected_by_the_linter() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "S" in settings["tool"]["ruff"]["lint"]["select"]


def test_a_line_without_a_test_is_noticed() -> None:
    page = "## Threat model\n| a | shown by |\n|---|---|\n| b | |\n\n## ASVS\n| 1.1 | met | x |\n"
    assert unproved(page) == ["| b | |", "| 1.1 | met | x |"]
    assert missing("`gone.py` `house/test_security.py::test_gone`") == [
        "gone.py",
        "house/test_security.py::test_gone",
    ]
