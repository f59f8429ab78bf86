"""The programs that read openapi.json and the Postman collection, installed beside copies."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.sdk.packages import NPM

CONTRACT = Path(__file__).parents[3] / "contract"
NOT_NEEDED = shutil.ignore_patterns("node_modules", "*.py", "__pycache__")
SILENT = {"REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "REDOCLY_TELEMETRY": "off"}


def run(folder: Path, *command: str | Path, **environment: str) -> str:
    """Run a command; return its output. Fail with it if the command fails."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **SILENT, **environment},
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"
    return done.stdout + done.stderr


def install(folder: Path) -> None:
    """Copy `contract` into the folder and install the copy's npm packages."""
    shutil.copytree(CONTRACT, folder, ignore=NOT_NEEDED, dirs_exist_ok=True)
    run(folder, *NPM, "ci", "--prefer-offline")
