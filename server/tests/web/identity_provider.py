"""A real OpenID Connect provider, and the steps of a person who signs in with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urljoin

import httpx2

from tests.parts.browser import START_SECONDS, WAIT_SECONDS
from tests.parts.ports import free_port
from tests.sdk.packages import LEFT_OUT, NPM, run

FOLDER = Path(__file__).with_name("provider")
CLIENT_ID, CLIENT_SECRET = "akako-web", "a-secret-of-the-tests-0123456789"
ACTION = re.compile(r'<form[^>]*action="([^"]+)"')
PROMPT = re.compile(r'name="prompt" value="(\w+)"')


class IdentityProvider(NamedTuple):
    issuer: str

    def approve(self, address: str, login: str) -> str:
        """Sign in at the address that the server sent; return the address of the callback."""
        with httpx2.Client(timeout=30) as browser:
            response = browser.get(address)
            for _ in range(12):
                if response.is_redirect:
                    target = urljoin(str(response.url), response.headers["location"])
                    if not target.startswith(self.issuer):
                        return target
                    response = browser.get(target)
                    continue
                action, prompt = ACTION.search(response.text), PROMPT.search(response.text)
                assert action, response.text
                assert prompt, response.text
                fields = {"prompt": prompt[1], "login": login, "password": "any"}
                response = browser.post(urljoin(str(response.url), action[1]), data=fields)
        raise AssertionError("the provider never came back")


def install(folder: Path) -> None:
    """Copy the provider into the folder and install the copy's npm packages."""
    shutil.copytree(FOLDER, folder, ignore=LEFT_OUT, dirs_exist_ok=True)
    run(folder, *NPM, "ci", "--ignore-scripts")


@contextmanager
def identity_provider(folder: Path, redirect_uri: str) -> Iterator[IdentityProvider]:
    """Run the provider that is installed in the folder for as long as the block lasts."""
    port = free_port()
    command = ["node", "provider.mjs", str(port), CLIENT_ID, CLIENT_SECRET, redirect_uri]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        ready = threading.Event()
        reader = threading.Thread(target=_read, args=(process.stdout, ready), daemon=True)
        reader.start()
        try:
            assert ready.wait(START_SECONDS)
            yield IdentityProvider(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            reader.join(WAIT_SECONDS)


def _read(output: IO[str], ready: threading.Event) -> None:
    """Read to the end: a provider whose output is not read stops when the pipe is full."""
    for line in output:
        if line.strip() == "ready":
            ready.set()
