"""Pages of administrators, empty, full and with errors: axe-core, width, pictures, budgets."""

from __future__ import annotations

import sys

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import StartServer
from tests.factories import create_subject, create_topic
from tests.learning.school import add_learner
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.lessons import sign_in
from tests.web.test_accessibility import faults_of, open_page
from tests.web.test_page_sizes import KB, Transfer
from tests.web.visitors import Visitor

pytestmark = pytest.mark.processes

LEVELS = """Primary school
  Grade 1
    Art
    English
    Mathematics
  Grade 2
    Art
    English
    Environmental studies and natural sciences
Secondary school
  Grade 7
    Biology
    Chemistry
    Computer science
"""


class School:
    """A school with a curriculum, people, decisions and usage."""

    def __init__(self, api: Server) -> None:
        self.admin = Visitor(api, "user_admin")
        self.admin.send("/admin/curriculum/levels", {"names": LEVELS})
        with api.db() as db:
            made = create_subject(db, mentor_id=api.user_id("mentor"), name="Physics")
            self.subject, self.level = made.id, made.level_id
            self.topics = [create_topic(db, subject_id=made.id).id for _ in range(4)]
            titles = ("Motion", "Forces and Newton's laws", "Energy", "Waves")
            for title, topic in zip(titles, self.topics, strict=True):
                db.execute("update topics set name = %s where id = %s", (title, topic))
            for table, name, id in (
                ("education_levels", "Upper secondary school", made.level_id),
                ("grades", "Grade 10", made.grade_id),
            ):
                db.execute(f"update {table} set name = %s where id = %s".encode(), (name, id))
        self.learner = add_learner(api, made.id).id
        self.admin.send(f"/admin/curriculum/topics/{self.topics[1]}", {"active": "0"})
        self.admin.send(f"/admin/curriculum/topics/{self.topics[3]}/delete", {"sure": "1"})
        self.admin.send(f"/admin/people/{self.learner}/roles", {"role": "MENTOR"})
        self.admin.send(f"/admin/people/{self.learner}/plan", {"plan": "PRO"})
        for _ in range(3):
            api.get("/api/users", as_="admin")

    def views(self) -> dict[str, str]:
        return {
            "admin-curriculum": "/admin/curriculum",
            "admin-curriculum-topics": f"/admin/curriculum?open={self.subject}",
            "admin-curriculum-edit": f"/admin/curriculum?edit={self.subject}",
            "admin-curriculum-delete": f"/admin/curriculum?delete={self.level}",
            "admin-people": "/admin/people",
            "admin-people-none": "/admin/people?q=xylophone",
            "admin-people-error": "/admin/people?status=OTHER",
            "admin-person": f"/admin/people/{self.learner}",
            "admin-audit": "/admin/audit",
            "admin-audit-none": "/admin/audit?actor=xylophone",
            "admin-audit-error": "/admin/audit?from=2026-02-02&to=2026-01-01",
            "admin-usage": "/admin/usage",
        }


# Links on a phone that are lower than a finger, except those inside of sentences.
LOW = """() => [...document.querySelectorAll('main a')]
    .filter(each => each.offsetParent && getComputedStyle(each).display !== 'inline'
        && !each.closest('thead') && each.getBoundingClientRect().height < 43.5)
    .map(each => each.outerHTML.slice(0, 120))"""
VIEWS = ("curriculum", "people", "person", "audit", "usage")


@pytest.fixture(scope="module")
def school(api: Server) -> School:
    return School(api)


@pytest.mark.parametrize("part", VIEWS)
def test_full_pages_and_errors(browser: Browser, api: Server, school: School, part: str) -> None:
    page = open_page(browser, api, "user_admin")
    chosen = {name: path for name, path in school.views().items() if name.split("-")[1] == part}
    assert chosen
    assert faults_of(page, api, chosen) == []
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{api.url}{chosen[f'admin-{part}']}")
    assert page.evaluate(LOW) == []
    page.context.close()


def test_empty_pages(browser: Browser, start_server: StartServer) -> None:
    api = start_server()
    page = open_page(browser, api, "user_admin")
    paths = {
        "admin-curriculum-empty": "/admin/curriculum",
        "admin-audit-empty": "/admin/audit?action=none",
        "admin-usage-empty": "/admin/usage",
    }
    assert faults_of(page, api, paths) == []
    page.context.close()


def test_states_of_script_and_forms(browser: Browser, api: Server, school: School) -> None:
    """The states that only the script or a form shows."""
    page = open_page(browser, api, "user_admin")
    faults = []
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{api.url}/admin/curriculum?open={school.level}")
        add_lines(page)
        faults += look(page, f"admin-curriculum-adding-{width}")
        page.goto(f"{api.url}/admin/people/{api.user_id('admin')}")
        page.get_by_role("button", name="End role Administrator").click()
        page.get_by_text("Grant the role to another person first").wait_for()
        faults += look(page, f"admin-person-last-{width}")
    assert faults == []
    page.context.close()


def add_lines(page: Page) -> None:
    page.get_by_role("button", name="New grade in Upper").click()
    page.evaluate("document.execCommand('insertText', false, 'Grade 11\\n  Art\\n  Music')")
    page.locator(".preview li").first.wait_for()


def look(page: Page, name: str) -> list[str]:
    take_picture(page, name)
    wide = [f"{overflow(page)} pixels too wide"] if overflow(page) > 0 else []
    return [f"{name}: {fault}" for fault in wide + violations(page)]


def test_admin_pages_are_small(browser: Browser, api: Server, school: School) -> None:
    context = browser.new_context()
    sign_in(context.new_page(), api, "user_admin")
    state = context.storage_state()
    context.close()
    for path in ("/admin/curriculum", "/admin/people", "/admin/audit", "/admin/usage"):
        context = browser.new_context(storage_state=state)
        page = context.new_page()
        seen = Transfer(page)
        page.goto(f"{api.url}{path}", wait_until="networkidle")
        sys.stdout.write(f"{path}: {seen.bytes} bytes, {seen.script} bytes of script\n")
        assert seen.bytes <= 110 * KB
        assert seen.script <= 45 * KB
        context.close()
