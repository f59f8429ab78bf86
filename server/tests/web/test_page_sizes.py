"""What learner pages transfer, measured in a browser."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in

pytestmark = pytest.mark.processes

KB = 1000


class Transfer:
    """Counts bytes and requests of a page from its next load on."""

    def __init__(self, page: Page) -> None:
        self.bytes = self.requests = self.script = 0
        self.urls: list[str] = []
        self._scripts: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self._started)
        session.on("Network.loadingFinished", self._finished)

    def _started(self, event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache") or event["response"]["url"].startswith("data:"):
            return
        self.requests += 1
        self.urls.append(event["response"]["url"])
        if event["type"] == "Script":
            self._scripts.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]
        if event["requestId"] in self._scripts:
            self.script += event["encodedDataLength"]


@pytest.mark.parametrize(
    ("path", "limit"), [("/home", 50 * KB), ("topic", 60 * KB), ("/notes", 60 * KB)]
)
def test_learner_pages_are_small(
    browser: Browser, api: Server, lesson: Lesson, path: str, limit: int
) -> None:
    path = lesson.path if path == "topic" else path
    context = browser.new_context()
    sign_in(context.new_page(), api, lesson.learner)
    state = context.storage_state()
    context.close()
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    cold, repeated = load(page, api, path), load(page, api, path)
    for name, seen in (("cold", cold), ("repeated", repeated)):
        figures = f"{seen.bytes} bytes, {seen.requests} requests, {seen.script} bytes of script"
        sys.stdout.write(f"{path} {name}: {figures}\n")
    assert cold.bytes <= limit
    # The favicon, which this browser does not load, is the eighth.
    assert cold.requests <= 7, cold.urls
    assert cold.script <= 15 * KB
    assert repeated.bytes <= 12 * KB
    assert repeated.requests <= 3
    context.close()


def load(page: Page, api: Server, path: str) -> Transfer:
    page.goto("about:blank")
    seen = Transfer(page)
    page.goto(f"{api.url}{path}", wait_until="networkidle")
    return seen
