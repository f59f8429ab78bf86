"""Every learner page at two widths in both themes: axe-core, no horizontal scrolling, a picture."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.learning.school import add_learner
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in
from tests.web.visitor import Visitor

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
        "search": "/search?q=fractions",
    }


def empty_views(lesson: Lesson) -> dict[str, str]:
    return {
        "home-new": "/home",
        "home-grade": f"/home?grade={lesson.grade_id}",
        "topic-locked": lesson.path,
        "notes-empty": "/notes",
        "notifications-empty": "/notifications",
        "requests-empty": "/requests",
        "search-empty": "/search",
        "search-nothing": "/search?q=volcano",
    }


def inspect(page: Page, name: str) -> list[str]:
    """Return what is wrong with the open page, at both widths in both themes."""
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            take_picture(page, f"{name}-{width}-{theme}")
            wide = [f"{overflow(page)} pixels too wide"] if overflow(page) > 0 else []
            faults += [f"{name} {width} {theme}: {fault}" for fault in wide + violations(page)]
    return faults


def faults_of(page: Page, api: Server, paths: dict[str, str]) -> list[str]:
    """Return what is wrong with pages at both widths in both themes."""
    faults = []
    for name, path in paths.items():
        page.goto(f"{api.url}{path}")
        faults += inspect(page, name)
    return faults


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


def test_error_pages(browser: Browser, api: Server, lesson: Lesson) -> None:
    """Refused forms, a conflict, a video that fails, too many requests, and what is not there."""
    person = add_learner(api, lesson.subject_id).clerk_id
    page = open_page(browser, api, person)
    faults = faults_of(page, api, {"not-found": "/topics/unknown", "forbidden": "/admin"})
    page.goto(f"{api.url}/mentor/apply")
    page.get_by_role("button", name="Send application").click()
    page.get_by_role("alert").wait_for()
    faults += inspect(page, "mentor-apply-error")
    page.route("**/media/topics/*/video", lambda route: route.abort())
    page.goto(f"{api.url}{lesson.path}")
    page.evaluate("document.querySelector('video').play().catch(() => 0)")
    page.get_by_role("button", name="Try again").wait_for()
    page.context.set_offline(True)
    faults += inspect(page, "topic-video-failed")
    page.context.set_offline(False)
    conflict(page, api, lesson, person)
    faults += inspect(page, "topic-conflict")
    while (answer := Visitor(api).sign_in(person)).status_code != 429:
        assert answer.status_code == 303
    page.goto(f"{api.url}/sign-in")
    page.get_by_label("Another person").fill(person)
    page.get_by_label("Another person").press("Enter")
    page.get_by_role("heading", name="Too many requests").wait_for()
    faults += inspect(page, "too-many-requests")
    assert faults == []
    page.context.close()


def conflict(page: Page, api: Server, lesson: Lesson, person: str) -> None:
    """Save a note that was changed elsewhere, with the form of a browser without script."""
    page.goto(f"{api.url}{lesson.path}")
    body = {"content": "From the phone"}
    api.put(f"/api/notes/topics/{lesson.topics[0]}", as_=person, json=body)
    page.evaluate(
        """() => {
            document.querySelector("textarea[name=content]").value = "From the desk";
            document.querySelector("form[data-note]").submit();
        }"""
    )
    page.wait_for_url(f"{api.url}{lesson.path}/note")


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
