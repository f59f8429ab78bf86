"""Commands of the Makefile work in a folder whose name has spaces."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.project import ROOT


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_make_test_keeps_a_path_with_spaces_whole(tmp_path: Path, version: str) -> None:
    folder = tmp_path / "école a b"
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho {'yes' if version == '3.13' else ''}\n")
    python.chmod(0o755)
    shutil.copy(ROOT / "Makefile", folder)
    command = ["make", "--no-print-directory", "-n", "-o", ".venv/.dev", "test"]
    printed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    words = shlex.split(printed.stdout)
    assert f"COVERAGE_FILE={folder}/build/coverage/data" in words
    measured = f"COVERAGE_PROCESS_START={folder}/pyproject.toml" in words
    assert measured == (version == "3.13")
    assert [word for word in words if word.startswith("/") or word in ("a", "b")] == []
