"""Kolibri, whose learner page W10 measures beside ours: installed and provisioned by its own tools.

Kolibri sends an empty page and the data for it as JSON. One page is therefore all the requests that
a browser sends to its server for it, without files that never change.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import venv
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from bench import servers
from bench.stage import Contestant, Stage
from bench.turns import say

HOME = servers.ROOT / "build" / "bench" / "kolibri"
REQUIREMENTS = servers.ROOT / "requirements" / "kolibri.txt"
PASSWORD = "benchmark"
QUIET = {"KOLIBRI_ZEROCONF_ENABLED": "false", "KOLIBRI_RUN_MODE": "benchmark"}


def version() -> str:
    return REQUIREMENTS.read_text(encoding="utf-8").partition("kolibri==")[2].split()[0]


def install() -> Path:
    """Return the command of Kolibri, installed once into an environment of its own."""
    program = HOME / "bin" / "kolibri"
    stamp = HOME / ".made-from"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return program
    say("installing Kolibri")
    venv.create(HOME, clear=True, with_pip=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "install", "--require-hashes", "-r", str(REQUIREMENTS)], {})
    stamp.write_text(wanted, encoding="utf-8")
    return program


def start(stage: Stage) -> tuple[Contestant, dict[str, str], list[str]]:
    """Start Kolibri with a facility, a class and a learner.

    Returns:
        The contestant, the headers of the signed-in learner, and the paths of one page.
    """
    program, folder = install(), stage.folder / "kolibri"
    folder.mkdir()
    environment = {"KOLIBRI_HOME": str(folder), **QUIET}
    names = ["--facility", "School", "--superusername", "admin", "--superuserpassword", PASSWORD]
    names += ["--preset", "formal", "--language_id", "en", "--noinput"]
    _run([str(program), "manage", "provisiondevice", *names], environment)
    port, files = servers.free_port(), servers.free_port()
    command = [str(program), "start", "--foreground", "--port", str(port), "--zip-port", str(files)]
    log = stage.folder / "kolibri.log"
    pid = stage.stack.enter_context(servers.started(command, port, environment, log=log))
    learner, headers = _add_learner(port)
    paths = ["/en/learn/", "/learn/api/state", f"/api/logger/userprogress/{learner}/"]
    return Contestant("kolibri", port, pid), headers, paths


def _run(command: list[str], environment: dict[str, str]) -> None:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, env={**own, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])}:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


class _Browser:
    """A session at Kolibri's API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self.cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, body: dict[str, str] | None = None) -> Any:
        token = next((each.value for each in self.cookies if "csrf" in each.name), None)
        headers = {"Content-Type": "application/json", "X-CSRFToken": token or ""}
        content = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self._url}{path}", content, headers)
        with self._opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def sign_in(self, name: str, facility: str) -> str:
        person = {"username": name, "password": PASSWORD, "facility": facility}
        return str(self.ask("/api/auth/session/", person)["user_id"])


def _add_learner(port: int) -> tuple[str, dict[str, str]]:
    """Add a class with a learner; return the learner's id and the headers of their session."""
    admin, learner = _Browser(port), _Browser(port)
    facility = admin.ask("/api/public/v1/facility/")[0]["id"]
    admin.sign_in("admin", facility)
    person = {"username": "pupil", "full_name": "Esi Owusu", "password": PASSWORD}
    user = admin.ask("/api/auth/facilityuser/", person | {"facility": facility})["id"]
    room = admin.ask("/api/auth/classroom/", {"name": "Grade 5", "parent": facility})["id"]
    admin.ask("/api/auth/membership/", {"user": user, "collection": room})
    learner.sign_in("pupil", facility)
    cookies = "; ".join(f"{each.name}={each.value}" for each in learner.cookies)
    return user, {"Cookie": cookies, "Accept-Encoding": "gzip"}


if __name__ == "__main__":
    sys.stdout.write(f"{install()}\n")
