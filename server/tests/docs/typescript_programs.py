"""Programs that use the TypeScript SDK, compiled as its users compile theirs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.docs.pages import REPOSITORY

SDK = REPOSITORY / "sdk" / "typescript"
# The compiler and its settings.
COMPILER = Path(__file__).parent / "typescript"
NOT_SOURCES = shutil.ignore_patterns("node_modules", "dist")


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


def compiled(folder: Path, programs: Mapping[str, str]) -> Path:
    """Build the SDK, type-check the programs strictly; return the folder with a module of each."""
    sdk, examples = folder / "sdk", folder / "examples"
    shutil.copytree(SDK, sdk, ignore=NOT_SOURCES)
    shutil.copytree(COMPILER, examples, ignore=NOT_SOURCES)
    for each in (sdk, examples):
        _run(each, "npm", "ci", "--no-audit", "--no-fund")
    _run(sdk, "npm", "run", "build")
    (examples / "node_modules" / "@akako").mkdir()
    (examples / "node_modules" / "@akako" / "lms-sdk").symlink_to(sdk)
    for name, program in programs.items():
        (examples / f"{name}.ts").write_text(program, encoding="utf-8")
    _run(examples, "node", "node_modules/typescript/bin/tsc", "-p", ".")
    return examples
