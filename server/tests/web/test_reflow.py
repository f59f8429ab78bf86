"""320 pixels with text twice as large, sizes of links, and a switch between light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.enrollment.school import rows
from tests.parts.browser import overflow
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in
from tests.web.queues import add_applications, add_waiting, clear

pytestmark = pytest.mark.processes

LARGER = "document.documentElement.style.fontSize = '200%'"
# Links of these places stand alone; those within sentences may be smaller.
LINKS = ".sort-bar a, .topic .text a, .table th a"
SMALL = """links => links.filter((link) => {
    const { width, height } = link.getBoundingClientRect();
    return link.checkVisibility() && width && (width < 44 || height < 44);
}).map((link) => link.outerHTML)"""
COLOUR = "getComputedStyle(document.querySelector('main .button')).backgroundColor"


@pytest.fixture
def phone(browser: Browser, api: Server) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 740})
    page = context.new_page()
    sign_in(page, api, "user_admin")
    yield page
    context.close()


def test_large_text_needs_no_horizontal_scrolling(phone: Page, api: Server) -> None:
    clear(api)
    waiting = add_waiting(api, 3)
    add_applications(api, 1)
    api.execute(
        "update enrollments set status = 'APPROVED', decided_at = now() - interval '9 days' "
        "where id = %s",
        waiting.ids[0],
    )
    ((person,),) = rows(api, "select user_id from enrollments where id = %s", waiting.ids[0])
    admin = ("/admin", "/admin/people", f"/admin/people/{person}", f"/admin/audit?about={person}")
    queues = ("/admin/requests", "/admin/requests?tab=decided", "/admin/mentors")
    wide = {}
    for path in (*admin, *queues, "/home", "/me", "/browse"):
        phone.goto(f"{api.url}{path}")
        phone.evaluate(LARGER)
        wide[path] = overflow(phone)
    assert {path: width for path, width in wide.items() if width > 0} == {}


def test_links_of_lists_are_large_enough(phone: Page, api: Server, lesson: Lesson) -> None:
    for path in ("/admin/people", f"/teach/subjects/{lesson.subject_id}"):
        phone.goto(f"{api.url}{path}")
        assert phone.locator(LINKS).count() > 0
        assert phone.locator(LINKS).evaluate_all(SMALL) == []


def test_colours_change_at_once_with_the_theme(phone: Page, api: Server) -> None:
    phone.goto(f"{api.url}/admin/people")
    phone.emulate_media(color_scheme="light", reduced_motion="no-preference")
    light = phone.evaluate(COLOUR)
    phone.emulate_media(color_scheme="dark")
    first = phone.evaluate(COLOUR)
    phone.wait_for_timeout(400)
    assert first == phone.evaluate(COLOUR) != light
