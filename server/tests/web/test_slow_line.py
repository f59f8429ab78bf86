"""How soon pages can be used at 400 kbit/s, 400 ms round trip and a processor 6 times slower."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.parts.server import Server
from tests.parts.slow_line import slow_line
from tests.web.lessons import Lesson, sign_in, until

pytestmark = pytest.mark.processes

SLOWER = 6
ATTEMPTS = 3  # the best one counts: other work of this machine is not the page's
# The page is painted, and its deferred scripts have run.
USABLE = """() => {
    const page = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const ready = page && page.domContentLoadedEventEnd;
    return ready && paint ? Math.max(ready, paint.startTime) / 1000 : 0;
}"""


@pytest.fixture(scope="module")
def line(api: Server) -> Iterator[str]:
    with slow_line(api.port) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def signed_in_state(browser: Browser, api: Server, lesson: Lesson) -> object:
    context = browser.new_context()
    sign_in(context.new_page(), api, lesson.learner)
    state = context.storage_state()
    context.close()
    return state


def seconds_until_usable(page: Page) -> float:
    until(page, lambda: page.evaluate(USABLE), 30)
    return float(page.evaluate(USABLE))


def slow_page(context: BrowserContext) -> Page:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


def best(limit: float, measure: Callable[[], float], name: str) -> float:
    """Measure until the goal is met, at most three times; print and return the best time."""
    times: list[float] = []
    while len(times) < ATTEMPTS and (not times or min(times) > limit):
        times.append(measure())
    sys.stdout.write(f"{name}: {min(times):.2f} s of {limit} s\n")
    return min(times)


def test_pages_are_usable_soon(
    browser: Browser, lesson: Lesson, line: str, signed_in_state: object
) -> None:
    def cold(path: str) -> float:
        context = browser.new_context(storage_state=signed_in_state)  # type: ignore[arg-type]
        page = slow_page(context)
        page.goto(f"{line}{path}", wait_until="commit")
        seconds = seconds_until_usable(page)
        context.close()
        return seconds

    for path in ("/home", lesson.path, "/notes", f"/subjects/{lesson.subject_id}"):
        assert best(2.5, lambda path=path: cold(path), f"{path} cold") <= 2.5  # type: ignore[misc]


def test_the_next_topic_is_usable_soon(
    browser: Browser, lesson: Lesson, line: str, signed_in_state: object
) -> None:
    def next_topic(wait_ms: int) -> float:
        context = browser.new_context(storage_state=signed_in_state)  # type: ignore[arg-type]
        page = slow_page(context)
        page.goto(f"{line}{lesson.path}", wait_until="networkidle")
        page.wait_for_timeout(wait_ms)
        page.get_by_role("link", name=re.compile("^Next topic")).click(no_wait_after=True)
        page.wait_for_url(f"{line}/topics/{lesson.topics[1]}", wait_until="commit")
        seconds = seconds_until_usable(page)
        context.close()
        return seconds

    assert best(1.0, lambda: next_topic(0), "next topic") <= 1.0
