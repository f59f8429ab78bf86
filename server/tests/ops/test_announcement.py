"""The text of a server that is ready: addresses that work, and commands that work as printed."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from akako import announcement, cli
from akako.settings import Settings
from tests.conftest import StartServer
from tests.house.project import ROOT
from tests.parts.server import CLIENT_SECONDS, Server

PROGRAM = Path(sys.executable).with_name("akako")


@pytest.fixture
def spaced(start_server: StartServer, tmp_path: Path) -> Server:
    folder = tmp_path / "a school's data"
    folder.mkdir()
    return start_server({}, folder=folder, arguments=("--host", "0.0.0.0"))


def test_token_commands_work_as_printed(spaced: Server) -> None:
    printed = re.findall(r"^ {4}(.+ token --as (\w+).*)$", spaced.log(), re.MULTILINE)
    assert [role for _, role in printed] == ["admin", "mentor", "learner"]
    for command, _ in printed:
        words = shlex.split(command)
        assert words[-2:] == ["--data-dir", str(spaced.folder)]
        clean = {name: text for name, text in os.environ.items() if name[:6] != "AKAKO_"}
        token = subprocess.run(
            [PROGRAM, *words[1:]], env=clean, capture_output=True, text=True, check=True
        ).stdout.strip()
        signed = {"Authorization": f"Bearer {token}"}
        assert (
            httpx2.get(
                f"{spaced.url}/api/auth/profile", headers=signed, timeout=CLIENT_SECONDS
            ).status_code
            == 200
        )


def test_printed_addresses_are_reachable(spaced: Server) -> None:
    urls = re.findall(r"http://[^/\s]+", spaced.log())
    assert urls
    for url in urls:
        assert "0.0.0.0" not in url
        assert httpx2.get(f"{url}/health/live", timeout=CLIENT_SECONDS).status_code == 200


def test_the_default_folder_needs_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    default = Path("/var/lib/akako") if os.geteuid() == 0 else Path("data")
    text = announcement.banner(Settings(data_dir=default.absolute()), "127.0.0.1", 8000)
    assert "--data-dir" not in text
    assert text.startswith("Akako LMS is running at http://127.0.0.1:8000\n")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", ["127.0.0.1"]), ("::1", ["[::1]"]), ("lms.example.com", ["lms.example.com"])],
)
def test_one_address_is_printed_as_it_is(host: str, expected: list[str]) -> None:
    assert announcement.addresses(host) == expected


def test_a_used_port_suggests_another(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = used.getsockname()[1]
        with pytest.raises(SystemExit):
            cli.main(["serve", "--port", str(port), "--data-dir", str(tmp_path)])
    err = capsys.readouterr().err
    found = re.fullmatch(
        rf"akako: --port {port} on 127.0.0.1 cannot be used: [^:]+: try --port (\d+)\n", err
    )
    assert found, err
    assert port < int(found[1]) <= 65535


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("AKAKO_REDIS_ULR", "AKAKO_REDIS_URL"), ("AKAKO_QQQQ", None), ("AKAKO_", None)],
)
def test_an_unknown_variable_is_a_warning(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    nearest: str | None,
) -> None:
    monkeypatch.setenv(name, "redis://:hidden@127.0.0.1:1/0")
    cli.main(["openapi"])
    err = capsys.readouterr().err
    assert '"event": "unknown_setting"' in err
    assert f'"setting": "{name}"' in err
    assert nearest is None or f'"nearest": "{nearest}"' in err
    assert "hidden" not in err


def test_make_run_takes_folder_port_and_host(tmp_path: Path) -> None:
    """The recipe as make would run it, with a program that prints its arguments."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (tmp_path / "Makefile").write_text(makefile.replace("run: .venv/.run", "run:"))
    program = tmp_path / ".venv" / "bin" / "akako"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor each; do echo "<$each>"; done\n')
    program.chmod(0o755)

    def run(*arguments: str, **environment: str) -> list[str]:
        clean = {k: v for k, v in os.environ.items() if k not in ("DATA", "PORT", "HOST")}
        return subprocess.run(
            ["make", "--silent", "run", *arguments],
            cwd=tmp_path,
            env=clean | environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()

    start = ["<serve>", "<--demo>"]
    assert run() == start
    assert run("DATA=a school's data", "PORT=8123", "HOST=0.0.0.0") == [
        *start,
        *("<--data-dir>", "<a school's data>", "<--port>", "<8123>", "<--host>", "<0.0.0.0>"),
    ]
    assert run(HOST="name-of-the-machine") == start
