"""The pages of the SDKs list every method, and both SDKs have the same ones."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.pages import REPOSITORY

SDK = REPOSITORY / "sdk"
PRINT = """
from akako_lms import AkakoAPI
for name, area in vars(AkakoAPI("http://127.0.0.1:1/api")).items():
    for method in dir(area):
        if not name.startswith("_") and not method.startswith(("_", "iter_")):
            print(f"{name}.{method}")
"""


def methods() -> list[str]:
    """Return every method of the Python client as `area.method`, without iterators."""
    command = [sys.executable, "-c", PRINT]
    done = subprocess.run(
        command, cwd=SDK / "python", capture_output=True, text=True, check=True, timeout=60
    )
    return sorted(done.stdout.split())


def listed(page: str) -> list[str]:
    """Return the methods in the table of areas of an SDK's page."""
    text = (SDK / page / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `api\.(\w+)` \| (.+) \|$", text, re.MULTILINE)
    return sorted(
        f"{area}.{name}" for area, names in rows for name in re.findall(r"`(\w+)`", names)
    )


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


@pytest.mark.parametrize("page", ["python", "typescript"])
def test_the_page_lists_every_method(page: str) -> None:
    expected = methods() if page == "python" else sorted(map(camel, methods()))
    assert len(expected) > 90
    assert listed(page) == expected
