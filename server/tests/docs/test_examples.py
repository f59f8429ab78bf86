"""Every example of the documentation runs.

The `bash` blocks of a page are one script, its `python` blocks one program; other languages are not
run. Each page has a server's demonstration school, a subject of its own and a new learner.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.docs.pages import PAGES, REPOSITORY, examples
from tests.parts.server import Server

ADMIN = "/api/admin/education"
# Where a line of the script fails, its output says which.
STRICT = "set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n"


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    return start_server(arguments=("--demo",))


def made(server: Server, path: str, **body: Any) -> str:
    """Post as administrator; return the id."""
    response = server.post(path, as_="admin", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])


def surroundings(server: Server, name: str) -> dict[str, str]:
    """The environment that the examples of a page are told to expect."""
    learner = server.user(f"reader{name.replace('-', '')}")
    level = made(server, f"{ADMIN}/levels", name=f"School of {name}")
    grade = made(server, f"{ADMIN}/grades", educationLevelId=level, name="Grade 1", level="primary")
    mentor = server.user_id("mentor")
    subject = made(server, f"{ADMIN}/subjects", gradeId=grade, name="Mathematics", mentorId=mentor)
    topic = made(server, f"{ADMIN}/topics", subjectId=subject, name="Addition", content="1 + 1")
    tokens = {"ADMIN_TOKEN": "admin", "MENTOR_TOKEN": "mentor", "LEARNER_TOKEN": learner}
    ids = {"LEVEL": level, "GRADE": grade, "SUBJECT": subject, "TOPIC": topic}
    return {
        **os.environ,
        "BASE_URL": f"{server.url}/api",
        "LEARNER": server.user_id(learner),
        "PYTHONPATH": str(REPOSITORY / "sdk" / "python"),
        **{variable: server.token(who) for variable, who in tokens.items()},
        **ids,
    }


def run(command: Sequence[str], program: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*command, program],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page: Path, server: Server, tmp_path: Path) -> None:
    shell, python = examples(page, "bash"), examples(page, "python")
    assert shell or python, "a page of words alone"
    environment = surroundings(server, page.stem)
    files = REPOSITORY / "contract" / "files"
    shutil.copy(files / "study-material.pdf", tmp_path / "document.pdf")
    shutil.copy(files / "lesson.mp4", tmp_path / "lesson.mp4")
    if shell:
        run(("bash", "-c"), STRICT + "\n".join(shell), tmp_path, environment)
    if python:
        run((sys.executable, "-c"), "\n".join(python), tmp_path, environment)


def test_a_failing_example_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="failed: false"):
        run(("bash", "-c"), f"{STRICT}false\ntrue", tmp_path, dict(os.environ))
