"""Every example of the documentation runs.

The `bash` blocks of a page are one script, its `python` blocks one program, its `ts` blocks
another; other languages are not run. Each program has a server's demonstration school, a subject of
its own and a new learner.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.docs import typescript_programs
from tests.docs.pages import DOCS, PAGES, REPOSITORY, examples, languages
from tests.parts.server import Server

ADMIN = "/api/admin/education"
# Where a line of the script fails, its output says which.
STRICT = "set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n"
PYTHON_SDK = REPOSITORY / "sdk" / "python"
# What pages tell the reader to take a copy of.
FAKE_CLERK = REPOSITORY / "server" / "akako" / "dev" / "fake_clerk.py"
RUN = {"bash", "python", "ts"}
SHOWN = {"sh", "json", "ini", "yaml", "http", "nginx", "text"}  # a reader's own things
# What stands for the reader's own in an example.
PLACEHOLDERS = {
    "'https://akako.example.com/api'": "BASE_URL",
    "'your_jwt_token'": "ADMIN_TOKEN",
    "'0199f3c1a7b47c1e8d5a6b7c8d9e0f10'": "TOPIC",
}
TYPESCRIPT_SDK = REPOSITORY / "sdk" / "typescript"

with_python = [page for page in PAGES if examples(page, "python")] + [PYTHON_SDK / "README.md"]
with_typescript = [page for page in PAGES if examples(page, "ts")] + [TYPESCRIPT_SDK / "README.md"]
with_bash = [page for page in PAGES if examples(page, "bash")]


def named(pages: Sequence[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.stem)


def python_program(page: Path) -> str:
    text = "\n".join(examples(page, "python"))
    if not any(placeholder in text for placeholder in PLACEHOLDERS):
        return text
    for placeholder, variable in PLACEHOLDERS.items():
        text = text.replace(placeholder, f"os.environ['{variable}']")
    return f"import os\n{text}"


def typescript_program(page: Path) -> str:
    text = "\n".join(examples(page, "ts"))
    for placeholder, variable in PLACEHOLDERS.items():
        text = text.replace(placeholder, f"process.env['{variable}']!")
    return text


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    return start_server(arguments=("--demo",))


def made(server: Server, path: str, **body: Any) -> str:
    """Post as administrator; return the id."""
    response = server.post(path, as_="admin", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["data"]["id"])


def surroundings(server: Server, name: str) -> dict[str, str]:
    """Return the environment that the examples of a page expect."""
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
        "PYTHONPATH": str(PYTHON_SDK),
        **{variable: server.token(who) for variable, who in tokens.items()},
        **ids,
    }


def levels(server: Server) -> set[str]:
    listed = server.get("/api/education/levels?limit=100", as_="admin").json()["data"]
    return {level["id"] for level in listed}


@contextmanager
def prepared(server: Server, name: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a page's program; what it leaves is taken away for the next one."""
    before = levels(server)
    files = REPOSITORY / "contract" / "files"
    for copy in ("document.pdf", "notes.pdf"):
        shutil.copy(files / "study-material.pdf", folder / copy)
    shutil.copy(files / "lesson.mp4", folder / "lesson.mp4")
    shutil.copy(FAKE_CLERK, folder / FAKE_CLERK.name)
    yield surroundings(server, name)
    for level in levels(server) - before:
        assert server.delete(f"{ADMIN}/levels/{level}?force=true", as_="admin").is_success


def run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@named(with_bash)
def test_shell_examples_run(page: Path, server: Server, tmp_path: Path) -> None:
    script = STRICT + "\n".join(examples(page, "bash"))
    with prepared(server, f"{page.stem}-sh", tmp_path) as environment:
        run(("bash", "-c", script), tmp_path, environment)


@named(with_python)
def test_python_examples_run(page: Path, server: Server, tmp_path: Path) -> None:
    with prepared(server, f"{page.stem}-py", tmp_path) as environment:
        (tmp_path / "program.py").write_text(python_program(page), encoding="utf-8")
        run((sys.executable, "program.py"), tmp_path, environment)


@pytest.mark.timeout(300)
def test_typescript_examples_have_strict_types_and_run(server: Server, tmp_path: Path) -> None:
    """One test for all pages: the SDK is built and the programs are compiled once."""
    programs = {page.stem: typescript_program(page) for page in with_typescript}
    compiled = typescript_programs.compiled(tmp_path / "programs", programs)
    for name in programs:
        with prepared(server, f"{name}-ts", tmp_path) as environment:
            run(("node", str(compiled / f"{name}.js")), tmp_path, environment)


def test_python_examples_have_strict_types(tmp_path: Path) -> None:
    shutil.copy(FAKE_CLERK, tmp_path / FAKE_CLERK.name)
    for page in with_python:
        name = page.stem.replace("-", "_")
        (tmp_path / f"{name}.py").write_text(python_program(page), encoding="utf-8")
    command = (sys.executable, "-m", "mypy", "--strict", "--config-file=", ".")
    run(command, tmp_path, {**os.environ, "MYPYPATH": str(PYTHON_SDK)})


def test_the_minute_of_the_readme_runs(server: Server, tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```sh\n(API=.*?)^```$", text, re.MULTILINE | re.DOTALL)
    with prepared(server, "readme", tmp_path) as environment:
        for placeholder, value in {
            "http://127.0.0.1:8000/api": environment["BASE_URL"],
            "$(.venv/bin/akako token --as admin)": environment["ADMIN_TOKEN"],
        }.items():
            assert placeholder in script
            script = script.replace(placeholder, value)
        run(("bash", "-c", STRICT + script), tmp_path, environment)
        time.sleep(1.1)  # the name of the level contains the second
        run(("bash", "-c", STRICT + script), tmp_path, environment)


def test_no_example_escapes_by_another_name() -> None:
    for page in [
        *sorted(DOCS.rglob("*.md")),
        PYTHON_SDK / "README.md",
        TYPESCRIPT_SDK / "README.md",
    ]:
        assert set(languages(page)) <= RUN | SHOWN, page


def test_every_page_about_the_api_has_examples_in_all_languages() -> None:
    api = {"authentication", "education", "users", "files", "enrollment", "mentors", "limits"}
    for pages in (with_bash, with_python, with_typescript):
        assert api | {"quickstart", "errors", "webhooks"} <= {page.stem for page in pages}


def test_a_failing_example_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="failed: false"):
        run(("bash", "-c", f"{STRICT}false\ntrue"), tmp_path, dict(os.environ))
