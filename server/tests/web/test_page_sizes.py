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
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.on("Network.responseReceived", self._started)
        self._session.on("Network.loadingFinished", self._finished)

    def stop(self) -> None:
        """Count no later load of the page."""
        self._session.detach()

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


def paths(lesson: Lesson) -> tuple[str, ...]:
    """Return every page that a learner opens."""
    places = (f"/browse/grades/{lesson.grade_id}", f"/subjects/{lesson.subject_id}", lesson.path)
    lists = ("/home", "/browse", "/search?q=fractions", "/requests", "/notes", "/notifications")
    return (*lists, *places, "/mentor/apply", "/me", "/developers")


def test_learner_pages_are_small(browser: Browser, api: Server, lesson: Lesson) -> None:
    context = browser.new_context()
    sign_in(context.new_page(), api, lesson.learner)
    state = context.storage_state()
    context.close()
    for path in paths(lesson):
        context = browser.new_context(storage_state=state)
        page = context.new_page()
        cold, repeated = load(page, api, path), load(page, api, path)
        check(path, cold, repeated)
        context.close()


def test_the_first_page_of_a_visitor_is_small(browser: Browser, api: Server) -> None:
    for path in ("/", "/sign-in"):
        context = browser.new_context()
        page = context.new_page()
        check(path, load(page, api, path), load(page, api, path))
        context.close()


def check(path: str, cold: Transfer, repeated: Transfer) -> None:
    """Print the figures of a page and compare them with its budget."""
    for name, seen in (("cold", cold), ("repeated", repeated)):
        figures = f"{seen.bytes} bytes, {seen.requests} requests, {seen.script} bytes of script"
        sys.stdout.write(f"{path} {name}: {figures}\n")
    assert cold.bytes <= (50 if path == "/home" else 60) * KB, path
    # The favicon, which this browser does not load, is the eighth.
    assert cold.requests <= 7, cold.urls
    assert cold.script <= 15 * KB, path
    assert repeated.bytes <= 12 * KB, path
    assert repeated.requests <= 3, repeated.urls


def load(page: Page, api: Server, path: str) -> Transfer:
    page.goto("about:blank")
    seen = Transfer(page)
    page.goto(f"{api.url}{path}", wait_until="networkidle")
    seen.stop()
    return seen
