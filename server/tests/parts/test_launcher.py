"""Commands that run in a fork are used as those in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.parts.launcher import MEASURED, Forked, launch

MORE = {"PYTHONWARNINGS": "default"}


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are measured are not forked."""
    monkeypatch.delenv(MEASURED, raising=False)


def test_a_forked_server_is_signalled_and_reports_its_end(start_server: StartServer) -> None:
    server = start_server()
    process = server.process
    assert isinstance(process, Forked)
    assert process.poll() is None
    assert os.getsid(process.pid) == process.pid
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    server.kill()
    assert process.wait() == process.poll() == -signal.SIGKILL
    assert server.start().stop() == 0


@pytest.mark.parametrize(("variables", "kind"), [({}, Forked), (MORE, subprocess.Popen)])
def test_both_kinds_run_the_command(
    tmp_path: Path, variables: dict[str, str], kind: type[object]
) -> None:
    with (tmp_path / "log").open("ab") as log:
        process = launch(["--help"], {**os.environ, **variables}, log)
    assert isinstance(process, kind)
    assert process.wait(60) == 0
    assert "Run the web app and the API." in (tmp_path / "log").read_text()


def test_a_bad_command_ends_with_its_status(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log:
        assert launch(["serve", "--port", "none"], dict(os.environ), log).wait(60) == 2
    assert "--port" in (tmp_path / "log").read_text()
