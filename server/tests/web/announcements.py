"""What the status region of a page has said: a text leaves the page again after 6 seconds."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Error, Page

from tests.parts.browser import WAIT_SECONDS

# Runs in every page before its own scripts. Each change to a text is one entry. Where scripts are
# switched off, the browser runs this one and never calls its observer.
RECORD = """
if (!window.announcements && matchMedia("(scripting: enabled)").matches) {
    window.announcements = [];
    new MutationObserver(changes => {
        const region = document.getElementById("status");
        if (!region || !changes.some(each => region.contains(each.target))) return;
        const text = region.textContent.replace(/\\s+/g, " ").trim();
        if (text) window.announcements.push(text);
    }).observe(document, {childList: true, characterData: true, subtree: true});
}
"""
# Takes the entries up to the first match out of the record. A page without script has no record,
# and its text stays.
TAKE = """pattern => {
    const region = document.getElementById("status");
    const texts = window.announcements ?? [region?.textContent.replace(/\\s+/g, " ") ?? ""];
    const found = texts.findIndex(each => new RegExp(pattern).test(each));
    if (found < 0) return texts;
    texts.splice(0, found + 1);
    return null;
}"""


def record(page: Page) -> None:
    """Record the announcements of each page that this browser context opens from now on."""
    page.context.add_init_script(RECORD)


def said(page: Page, wanted: str | re.Pattern[str], seconds: float = WAIT_SECONDS) -> None:
    """Wait until the page has announced a text after the one of the call before.

    Args:
        page: A page whose context has been given to `record`.
        wanted: A part of the text, or a pattern without flags that JavaScript reads too.
        seconds: How long to wait.
    """
    pattern = wanted.pattern if isinstance(wanted, re.Pattern) else re.escape(wanted)
    deadline = time.monotonic() + seconds
    while (heard := _take(page, pattern)) is not None:
        assert time.monotonic() < deadline, f"{wanted!r} was not announced: {heard}"
        page.wait_for_timeout(50)


def _take(page: Page, pattern: str) -> list[str] | None:
    """Return None if there was a match, and the record so far if there was none."""
    try:
        found: list[str] | None = page.evaluate(TAKE, pattern)
    except Error as error:
        if "navigation" not in error.message:
            raise
        return []  # the next page replaced this one in the meantime
    return found
