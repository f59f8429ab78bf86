"""Every package that the server needs has a licence that a school can live with."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.house.project import ROOT

SCRIPT = ROOT / "requirements" / "licences.py"


def test_every_licence_is_known_and_permissive() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    listed = set(re.findall(r"^([\w.-]+) \S+ +\S", done.stdout, re.MULTILINE))
    assert {"starlette", "asyncpg", "psycopg", "cryptography"} <= listed


def test_the_page_on_security_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    tests = set(re.findall(r"`([\w/]+\.py)`", page))
    assert len(tests) > 30
    assert [each for each in sorted(tests) if not (ROOT / "server/tests" / each).exists()] == []


def test_no_item_is_judged_twice() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d[\d., ]+) \| (.*?) \|", page, re.MULTILINE)
    items = [item for first, _ in rows for item in first.split(", ")]
    assert sorted({item for item in items if items.count(item) > 1}) == []
    assert {state for _, state in rows} == {"met", "partly", "not met", "operator", "Clerk"}
