"""The script that runs commands with the environment and the user of the service."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from tests.deploy.test_delivered_set import text_of


@pytest.fixture
def wrapper(tmp_path: Path) -> Path:
    """The wrapper script with a program that prints its user and environment."""
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nid -un\nid -G\necho "$A_QUOTED|$AKAKO_X|$HOME|$*"\numask\n')
    settings = tmp_path / "akako.env"
    settings.write_text('# AKAKO_X=no\n\nAKAKO_X=a b#c$(id)\nA_QUOTED="it\'s"\nno line\n')
    script = tmp_path / "akako-as-service"
    text = text_of("akako-as-service")
    text = text.replace("/opt/akako/.venv/bin/akako", str(program))
    text = text.replace("/etc/akako/akako.env", str(settings))
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    script.write_text(text.replace("user=akako", f"user={user}"))
    for path in (program, script):
        path.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    return script


def test_the_wrapper_runs_as_the_service(wrapper: Path) -> None:
    result = subprocess.run(
        [wrapper, "admin", "grant", "--email", "a b@example.com"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    name, groups, shown, umask = result.stdout.splitlines()
    account = pwd.getpwnam("nobody" if os.geteuid() == 0 else name)
    assert name == account.pw_name
    assert os.geteuid() != 0 or "0" not in groups.split()
    home = account.pw_dir if os.geteuid() == 0 else os.environ["HOME"]
    assert shown == f"it's|a b#c$(id)|{home}|admin grant --email a b@example.com"
    assert umask == "0077"


def test_the_wrapper_needs_the_settings(wrapper: Path) -> None:
    (wrapper.parent / "akako.env").unlink()
    result = subprocess.run([wrapper, "doctor"], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "run this with sudo" in result.stderr
    assert len(result.stderr.splitlines()) == 1
