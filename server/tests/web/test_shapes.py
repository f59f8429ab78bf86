"""Pages in other shapes: right to left, forced colours, no motion, 320 px, 200 % text, on paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.parts.browser import overflow, take_picture
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in

pytestmark = pytest.mark.processes

# Buttons and fields that nothing but colour would separate from the ground.
BARE = """() => [...document.querySelectorAll('main .button, main .input, header .button')]
    .filter(each => each.offsetParent && getComputedStyle(each).borderStyle === 'none')
    .map(each => each.outerHTML.slice(0, 120))"""
MOVING = """() => [...document.querySelectorAll('*')]
    .filter(each => parseFloat(getComputedStyle(each).transitionDuration) > 0
        || getComputedStyle(each).animationName !== 'none').length"""
SMALL = """() => [...document.querySelectorAll('main a.button, main button, nav a, header .tool')]
    .filter(each => each.offsetParent && each.getBoundingClientRect().height < 43.5)
    .map(each => each.outerHTML.slice(0, 120))"""


def paths(lesson: Lesson) -> list[str]:
    return [
        *("/home", "/browse", "/search?q=fractions", "/requests", "/notes", "/notifications"),
        *("/mentor/apply", "/me", "/developers", "/offline", "/nowhere", "/sign-in"),
        *(f"/browse/grades/{lesson.grade_id}", f"/subjects/{lesson.subject_id}", lesson.path),
    ]


@pytest.fixture(scope="module")
def state(browser: Browser, api: Server, lesson: Lesson) -> object:
    context = browser.new_context()
    sign_in(context.new_page(), api, lesson.learner)
    stored = context.storage_state()
    context.close()
    return stored


@pytest.fixture
def page(browser: Browser, state: object) -> Iterator[Page]:
    # Styles of a test would be refused by the policy of the pages.
    context = browser.new_context(
        storage_state=state,  # type: ignore[arg-type]
        bypass_csp=True,
        reduced_motion="reduce",
        viewport={"width": 360, "height": 740},
    )
    yield context.new_page()
    context.close()


def test_right_to_left(page: Page, api: Server, lesson: Lesson) -> None:
    for path in paths(lesson):
        page.goto(f"{api.url}{path}")
        page.evaluate("document.documentElement.dir = 'rtl'")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            # In this direction, what is too wide stands out on the left.
            left = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
            assert left <= 0, (path, width)
            brand = page.locator(".brand").bounding_box()
            assert brand is not None
            assert brand["x"] > width / 2, path
    page.goto(f"{api.url}{lesson.path}")
    page.evaluate("document.documentElement.dir = 'rtl'")
    arrow = page.locator(".pager .icon").first
    assert arrow.evaluate("each => getComputedStyle(each).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    take_picture(page, "topic-rtl")


def test_small_windows_large_text_and_targets(page: Page, api: Server, lesson: Lesson) -> None:
    for path in paths(lesson):
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto(f"{api.url}{path}")
        assert overflow(page) <= 0, path
        assert page.evaluate(SMALL) == [], path
        assert page.evaluate(MOVING) == 0, path  # motion is reduced
        page.set_viewport_size({"width": 640, "height": 640})
        page.add_style_tag(content="html { font-size: 200% }")
        assert overflow(page) <= 0, path


def test_forced_colours(browser: Browser, api: Server, lesson: Lesson, state: object) -> None:
    context = browser.new_context(storage_state=state, forced_colors="active")  # type: ignore[arg-type]
    page = context.new_page()
    for path in paths(lesson):
        page.goto(f"{api.url}{path}")
        assert page.evaluate(BARE) == [], path
    page.goto(f"{api.url}/subjects/{lesson.subject_id}")
    take_picture(page, "subject-forced-colours")
    context.close()


def test_notes_on_paper(page: Page, api: Server, lesson: Lesson) -> None:
    note = {"content": "One half and one third make five sixths."}
    answer = api.put(f"/api/notes/topics/{lesson.topics[0]}", as_=lesson.learner, json=note)
    assert answer.status_code in {200, 201}
    page.goto(f"{api.url}/notes")
    assert page.get_by_role("button", name="Print").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_text(note["content"]).is_visible()
    for each in ("header", "footer", ".search", "[data-print]"):
        assert page.locator(each).first.is_hidden(), each
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
