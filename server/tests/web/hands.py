"""How a person uses a page: with a mouse or the keyboard alone. Both count their presses."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Locator, Page

MOST_TABS = 60
FOCUSED = "element => element === document.activeElement"
# A focused element that is neither outlined nor shown leaves people without a place.
UNSEEN = """() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body || focused.tagName === "VIDEO") return "";
    const box = focused.getBoundingClientRect();
    const seen = box.width > 0 && box.height > 0;
    const shape = [getComputedStyle(focused), getComputedStyle(focused, "::after")];
    const ringed = shape.some(each => each.outlineStyle !== "none" || each.boxShadow !== "none");
    return seen && ringed ? "" : focused.outerHTML.slice(0, 200);
}"""
NAME = """() => {
    const focused = document.activeElement;
    const label = focused.labels && focused.labels[0];
    const text = focused.getAttribute("aria-label") || (label || focused).textContent;
    return focused === document.body ? "" : text.replace(/\\s+/g, " ").trim();
}"""


class Hand(Protocol):
    """Presses buttons and links, and writes into fields."""

    presses: int

    def press(self, target: Locator) -> None: ...

    def write(self, target: Locator, text: str) -> None: ...


class Mouse:
    def __init__(self, page: Page) -> None:
        self.presses = 0

    def press(self, target: Locator) -> None:
        self.presses += 1
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)


class Keyboard:
    """Goes from element to element with Tab, and asserts that each can be seen."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.presses = 0

    def press(self, target: Locator) -> None:
        self.presses += 1
        self.reach(target)
        self._page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self.reach(target)
        self._page.keyboard.press("ControlOrMeta+a")
        self._page.keyboard.type(text)

    def reach(self, target: Locator) -> None:
        """Press Tab until an element has the focus."""
        target.wait_for()
        for _ in range(MOST_TABS):
            if target.evaluate(FOCUSED):
                return
            self._page.keyboard.press("Tab")
            assert self._page.evaluate(UNSEEN) == ""
        raise AssertionError(f"Tab does not reach {target}")


def focus_order(page: Page, stops: int) -> list[str]:
    """Return the names of the elements that Tab reaches first."""
    names = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        names.append(str(page.evaluate(NAME)))
    return names
