"""How soon pages can be used at 400 kbit/s, 400 ms round trip and a processor 6 times slower."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.parts.browser import WAIT_MS
from tests.parts.server import Server
from tests.parts.slow_line import slow_line
from tests.web.lessons import Lesson, sign_in, until, watch_prefetches

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

SLOWER = 6
ATTEMPTS = 5
PROBE_SECONDS = 0.1
# A connection, the page, its files, and 15 KB; the next page, and 4 KB.
COLD_LINE, NEXT_LINE = 3 * 0.4 + 0.3, 0.4 + 0.08
# The page is painted, and its deferred scripts have run.
USABLE = """() => {
    const page = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const ready = page && page.domContentLoadedEventEnd;
    return ready && paint ? Math.max(ready, paint.startTime) / 1000 : 0;
}"""
# Whether the service worker is active before a time is over, in milliseconds.
WORKER = """wait => Promise.race([
    navigator.serviceWorker.ready.then(() => true),
    new Promise(resolve => setTimeout(() => resolve(false), wait)),
])"""


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
    until(page, lambda: page.evaluate(USABLE))
    return float(page.evaluate(USABLE))


def slow_page(context: BrowserContext) -> Page:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


def crowding() -> float:
    """Return how much longer work takes than it needs, because other processes run; 1 is alone."""
    wall, own = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < PROBE_SECONDS:
        pass
    return (time.perf_counter() - wall) / max(time.process_time() - own, 0.001)


def within(limit: float, line: float, measure: Callable[[], float], name: str) -> bool:
    """Measure until the goal is met, at most five times; print the best attempt.

    Args:
        limit: Seconds that the page may take where this machine does nothing else.
        line: The seconds of it that the slow line takes in any case. The rest is work, for which a
            crowded machine gets more time.
    """
    tried: list[tuple[float, float]] = []
    while len(tried) < ATTEMPTS and not any(seconds <= most for seconds, most in tried):
        before = crowding()
        seconds = measure()
        crowd = max(before, crowding(), 1.0)
        tried.append((seconds, line + (limit - line) * crowd))
    seconds, most = min(tried, key=lambda each: each[0] / each[1])
    sys.stdout.write(f"{name}: {seconds:.2f} s of {limit} s ({most:.2f} s beside other work)\n")
    return seconds <= most


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

    for path in ("/home", lesson.path, f"/subjects/{lesson.subject_id}"):
        assert within(2.5, COLD_LINE, partial(cold, path), f"{path} cold")


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

    assert within(1.0, NEXT_LINE, partial(next_topic, 0), "next topic")


def test_a_prefetched_topic_is_usable_at_once(
    browser: Browser, lesson: Lesson, line: str, signed_in_state: object
) -> None:
    """The page names its rules in a header; the browser loads the next topic in advance."""

    def prefetched() -> float:
        context = browser.new_context(storage_state=signed_in_state)  # type: ignore[arg-type]
        page = slow_page(context)
        page.goto(f"{line}/home")  # learners come from there; the service worker starts
        assert page.evaluate(WORKER, WAIT_MS)
        ready, wanted = watch_prefetches(page), f"{line}/topics/{lesson.topics[1]}"
        page.goto(f"{line}{lesson.path}", wait_until="networkidle")
        link = page.get_by_role("link", name=re.compile("^Next topic"))
        link.hover()
        until(page, lambda: wanted in ready)
        link.click(no_wait_after=True)
        page.wait_for_url(wanted, wait_until="commit")
        seconds = seconds_until_usable(page)
        came = page.evaluate("performance.getEntriesByType('navigation')[0].deliveryType")
        context.close()
        return seconds if came == "navigational-prefetch" else float("inf")

    assert within(0.4, 0, prefetched, "prefetched topic")
