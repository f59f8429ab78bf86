"""The queues at two widths in both themes: axe-core, no horizontal scrolling, sizes, a picture."""

from __future__ import annotations

import sys

import pytest
from playwright.sync_api import Browser, Page

from tests.enrollment.school import rows
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.lessons import sign_in
from tests.web.queues import add_applications, add_waiting, clear, open_queue
from tests.web.test_accessibility import faults_of, open_page
from tests.web.test_page_sizes import KB, load

pytestmark = pytest.mark.processes

DEVICES = ({"width": 1280, "height": 800}, {"width": 360, "height": 740})
PAGES = ("/admin", "/admin/requests", "/admin/mentors")


def names(kind: str, **more: str) -> dict[str, str]:
    """Return paths by the names of their pictures."""
    paths = {path.strip("/").replace("/", "-"): path for path in PAGES} | more
    return {f"{name}-{kind}": path for name, path in paths.items()}


def test_pages_without_requests(browser: Browser, api: Server) -> None:
    clear(api)
    page = open_page(browser, api, "user_admin")
    paths = names("empty", decided="/admin/requests?tab=decided", search="/admin/requests?q=xyz")
    assert faults_of(page, api, paths) == []
    page.context.close()


def test_pages_with_requests(browser: Browser, api: Server) -> None:
    clear(api)
    waiting = add_waiting(api, 24)
    add_applications(api, 5)
    api.execute(
        "update enrollments set status = 'REJECTED', decided_at = now(), decided_by = %s, "
        "decision_reason = 'The course is full.' where id = any(%s)",
        *(api.user_id("admin"), waiting.ids[:2]),
    )
    page = open_page(browser, api, "user_admin")
    assert faults_of(page, api, names("full", decided="/admin/requests?tab=decided")) == []
    page.context.close()


@pytest.mark.parametrize("size", DEVICES, ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_selection_failures_and_help(
    browser: Browser, api: Server, size: dict[str, int], theme: str
) -> None:
    clear(api)
    waiting = add_waiting(api, 22)
    api.execute("update users set status = 'INACTIVE' where id = %s", waiting.learners[0])
    page = open_queue(browser, api, viewport=size, color_scheme=theme, bypass_csp=True)
    name = f"{size['width']}-{theme}"
    page.get_by_role("button", name="Select all 22 that match").click()
    page.get_by_text("22 of 22 selected").wait_for()
    faults = seen(page, f"queue-selected-{name}")
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Select these 20").click()
    page.get_by_role("button", name="Approve selected").click()
    said(page, "19 approved, 1 could not be: Ama's account is inactive")
    page.wait_for_timeout(300)
    faults += seen(page, f"queue-failure-{name}")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(200)
    faults += seen(page, f"queue-keys-{name}")
    assert faults == []
    assert len(rows(api, "select id from enrollments where status = 'PENDING'")) == 3
    page.context.close()


def seen(page: Page, name: str) -> list[str]:
    take_picture(page, name)
    return [f"{overflow(page)} pixels too wide"] * (overflow(page) > 0) + violations(page)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_administrators_are_small(browser: Browser, api: Server, path: str) -> None:
    clear(api)
    add_waiting(api, 24)
    add_applications(api, 24)
    context = browser.new_context()
    sign_in(context.new_page(), api, "user_admin")
    state = context.storage_state()
    context.close()
    context = browser.new_context(storage_state=state)
    cold = load(context.new_page(), api, path)
    figures = f"{cold.bytes} bytes, {cold.requests} requests, {cold.script} bytes of script"
    sys.stdout.write(f"{path}: {figures}\n")
    assert cold.bytes <= 110 * KB
    assert cold.script <= 45 * KB
    context.close()
