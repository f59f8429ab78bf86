"""A running Akako server for tests: the real command, its own process, a database of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from akako.backends.dev_directory import DevDirectory
from akako.backends.tokens.dev_issuer import DevIssuer
from tests.parts import promises
from tests.parts.launcher import Forked, launch
from tests.parts.ports import free_port

SIGN_INS = {"admin": "user_admin", "mentor": "user_mentor", "learner": "user_123"}
START_SECONDS = 60
CLIENT_SECONDS = 60.0  # what takes longer hangs, also on a slow machine
JSON_TYPE = "application/json; charset=utf-8"
# What no answer tells: keys of the store, the address of a part, the program's own inside.
INTERNAL = re.compile(
    r"(?:documents|videos)/[0-9a-f]{32}/|akako-test|(?:postgresql|redis|s3)://|Traceback|"
    r"site-packages|asyncpg|psycopg|obstore"
)

# Tests of the limits themselves set their own.
GENEROUS = {
    f"AKAKO_RATE_LIMIT_{name}": "100000/60"
    for name in ("GENERAL", "AUTH", "UPLOAD", "MEDIA", "WEBHOOK")
}


class Server:
    """`akako serve` in a process of its own. `as_` names a sign-in or a Clerk id."""

    def __init__(
        self,
        folder: Path,
        database_url: str | None,
        *,
        environment: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "server.log"
        self._arguments = arguments
        self.environment = self._variables(environment or {})
        self._tokens: dict[str, str] = {}
        self._client = httpx2.Client(base_url=self.url, timeout=CLIENT_SECONDS, verify=False)
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def _variables(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AKAKO_")}
        # Where compiled modules are not kept, every start would compile all libraries anew.
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        kept |= {"AKAKO_DATA_DIR": str(self.folder), **GENEROUS, **more}
        if self.database_url:
            kept["AKAKO_DATABASE_URL"] = self.database_url
        return kept

    def start(self, *, wait: bool = True) -> Server:
        arguments = ["serve", "--port", str(self.port), *self._arguments]
        with self.log_file.open("ab") as log:
            self.process = launch(arguments, self.environment, log)
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            if self._is_ready():
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not become ready:\n{self.log()[-4000:]}")

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        return False

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the server, wait for its end and return its exit status."""
        assert self.process is not None
        self.begin_to_stop(number)
        return self.process.wait(timeout=CLIENT_SECONDS)

    def begin_to_stop(self, number: int = signal.SIGTERM) -> None:
        """Signal the server, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the server and all its workers."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=CLIENT_SECONDS)

    def token(self, who: str, **claims: Any) -> str:
        """A development token of a ready sign-in or of any Clerk id."""
        clerk_id = SIGN_INS.get(who, who)
        if claims:
            return DevIssuer.open(self.folder).mint(clerk_id, **claims)
        if clerk_id not in self._tokens:
            self._tokens[clerk_id] = DevIssuer.open(self.folder).mint(clerk_id)
        return self._tokens[clerk_id]

    def user(self, name: str) -> str:
        """A fresh learner who signs in with this name; returns the Clerk id."""
        clerk_id = f"user_{name}"
        DevDirectory(self.folder).add(clerk_id)
        response = self.get("/api/auth/profile", as_=clerk_id)
        assert response.status_code == 200, response.text
        return clerk_id

    def user_id(self, who: str) -> str:
        """Our own id of a signed-in user."""
        return str(self.get("/api/auth/profile", as_=who).json()["data"]["id"])

    def headers(self, as_: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(as_)}"} if as_ else {}

    def request(
        self,
        method: str,
        path: str,
        *,
        as_: str | None = None,
        unpromised: bool = False,
        **kw: Any,
    ) -> httpx2.Response:
        """`unpromised`: on purpose the server accepts more here than openapi.json promises."""
        headers = {**self.headers(as_), **kw.pop("headers", {})}
        response = self._client.request(method, path, headers=headers, **kw)
        promises.check(response, unpromised=unpromised)
        if response.headers.get("content-type") == JSON_TYPE:
            assert not INTERNAL.search(response.text), response.text
        return response

    def get(self, path: str, *, as_: str | None = None, **kw: Any) -> httpx2.Response:
        return self.request("GET", path, as_=as_, **kw)

    def post(self, path: str, *, as_: str | None = None, **kw: Any) -> httpx2.Response:
        return self.request("POST", path, as_=as_, **kw)

    def put(self, path: str, *, as_: str | None = None, **kw: Any) -> httpx2.Response:
        return self.request("PUT", path, as_=as_, **kw)

    def delete(self, path: str, *, as_: str | None = None, **kw: Any) -> httpx2.Response:
        return self.request("DELETE", path, as_=as_, **kw)

    def db(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to the server's database, in autocommit."""
        assert self.database_url is not None
        return psycopg.connect(self.database_url, autocommit=True)

    def execute(self, sql: str, *values: object) -> None:
        """Run a statement in the server's database, without its result."""
        with self.db() as db:
            db.execute(sql.encode(), values)

    def close(self) -> None:
        self._client.close()
        if self.process is not None:
            self.stop()
