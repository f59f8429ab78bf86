"""Every learner page at two widths in both themes: axe-core, no horizontal scrolling, a picture."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.learning.school import add_learner
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in

pytestmark = pytest.mark.processes

WIDTHS = (360, 1280)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def views(lesson: Lesson) -> dict[str, str]:
    """Return the pages by the name of their picture."""
    return {
        "home": "/home",
        "topic": lesson.path,
        "topic-without-content": f"/topics/{lesson.topics[2]}",
        "notes": "/notes",
        "notifications": "/notifications",
        "not-found": "/topics/unknown",
    }


def empty_views(lesson: Lesson) -> dict[str, str]:
    return {
        "home-new": "/home",
        "home-grade": f"/home?grade={lesson.grade_id}",
        "topic-locked": lesson.path,
        "notes-empty": "/notes",
        "notifications-empty": "/notifications",
    }


def inspect(page: Page, api: Server, name: str, path: str, width: int, theme: Theme) -> list[str]:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    page.goto(f"{api.url}{path}")
    take_picture(page, f"{name}-{width}-{theme}")
    wide = [f"{overflow(page)} pixels too wide"] if overflow(page) > 0 else []
    return [f"{name} {width} {theme}: {fault}" for fault in wide + violations(page)]


def faults_of(page: Page, api: Server, paths: dict[str, str]) -> list[str]:
    """Return what is wrong with pages at both widths in both themes."""
    return [
        fault
        for name, path in paths.items()
        for width in WIDTHS
        for theme in THEMES
        for fault in inspect(page, api, name, path, width, theme)
    ]


def write_note(api: Server, lesson: Lesson) -> None:
    body = {"content": "Find a common denominator.\n1/2 + 1/3 = 5/6", "sharedWithMentor": True}
    path = f"/api/notes/topics/{lesson.topics[0]}"
    assert api.put(path, as_=lesson.learner, json=body).status_code in (200, 201)


def public_views(lesson: Lesson) -> dict[str, str]:
    """Return the pages that everyone may see."""
    return {
        "start": "/",
        "sign-in": "/sign-in",
        "browse": "/browse",
        "grade": f"/browse/grades/{lesson.grade_id}",
        "subject": f"/subjects/{lesson.subject_id}",
        "developers": "/developers",
        "components": "/developers/components",
    }


def own_views(lesson: Lesson) -> dict[str, str]:
    return {
        "subject-enrolled": f"/subjects/{lesson.subject_id}",
        "requests": "/requests",
        "me": "/me",
        "mentor-apply": "/mentor/apply",
    }


def open_page(browser: Browser, api: Server, clerk_id: str) -> Page:
    # The policy of the pages would keep axe-core out.
    page = browser.new_context(bypass_csp=True).new_page()
    sign_in(page, api, clerk_id)
    return page


def test_pages_with_content(browser: Browser, api: Server, lesson: Lesson) -> None:
    write_note(api, lesson)
    page = open_page(browser, api, lesson.learner)
    assert faults_of(page, api, views(lesson)) == []
    page.context.close()


def test_empty_pages(browser: Browser, api: Server, lesson: Lesson) -> None:
    page = open_page(browser, api, add_learner(api).clerk_id)
    assert faults_of(page, api, empty_views(lesson)) == []
    page.context.close()


def test_public_pages(browser: Browser, api: Server, lesson: Lesson) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    assert faults_of(page, api, public_views(lesson)) == []
    page.context.close()


def test_own_pages(browser: Browser, api: Server, lesson: Lesson) -> None:
    page = open_page(browser, api, lesson.learner)
    assert faults_of(page, api, own_views(lesson)) == []
    page.context.close()


def too_wide(page: Page) -> list[str]:
    """Return the elements that end outside of the window."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main *, header *, footer *')]
        .filter(each => each.getBoundingClientRect().right > window.innerWidth + 1)
        .map(each => each.outerHTML.slice(0, 120))"""
    )
    return found


def test_text_can_be_twice_as_large(browser: Browser, api: Server, lesson: Lesson) -> None:
    """At 320 px, and at 200 % on a desktop, nothing is cut off (WCAG 2.2, 1.4.4 and 1.4.10)."""
    page = open_page(browser, api, lesson.learner)
    for width, size in ((320, "100%"), (640, "200%")):
        page.set_viewport_size({"width": width, "height": 800})
        for name, path in views(lesson).items():
            page.goto(f"{api.url}{path}")
            page.add_style_tag(content=f"html {{ font-size: {size} }}")
            assert overflow(page) <= 0, (name, width, too_wide(page))
    page.context.close()
