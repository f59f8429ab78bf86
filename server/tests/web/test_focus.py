"""Keyboard and screen reader: the order of focus, focus after updates, and what is announced."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.hands import Keyboard, focus_order
from tests.web.lessons import Lesson, sign_in, until, wait_for
from tests.web.windows import DESKTOP

pytestmark = pytest.mark.processes

WINDOW = DESKTOP

FRAME = ["Skip to content", "Akako", "Home", "Browse", "Notes", "Search the school"]


def test_tab_follows_the_page(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who)
    names = focus_order(page, 12)
    assert names[:7] == [*FRAME, "Notifications"], names
    assert "Account of" in names[7]
    assert names[8].startswith("Continue: Adding fractions"), names
    assert "Mathematics" in names[9], names

    page.goto(f"{api.url}{lesson.path}")
    names = focus_order(page, 24)
    wanted = ["Grade 5", "Mathematics", "Video: Adding fractions", "Speed", "Mark as done"]
    wanted += ["Worksheet", "Fraction wall", "My note", "Share with mentor", "Keys", "Next topic"]
    # Parts of the browser's own video controls are stops, too.
    found = iter(names[8:])
    assert all(any(each in name for name in found) for each in wanted), names


def test_the_skip_link_leads_past_the_navigation(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_account_menu_opens_and_closes_with_the_keyboard(
    page: Page, api: Server, lesson: Lesson
) -> None:
    sign_in(page, api, lesson.learner)
    keyboard = Keyboard(page)
    menu = page.locator("details.menu > summary")
    keyboard.press(menu)
    keyboard.reach(page.get_by_role("link", name="My requests"))
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.get_by_role("link", name="My requests")).to_be_hidden()


def test_updates_leave_the_focus_where_it_is(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, add_learner(api, lesson.subject_id).clerk_id, lesson.path)
    keyboard = Keyboard(page)
    speed = page.get_by_role("button", name=re.compile("^Speed"))
    keyboard.press(speed)
    expect(speed).to_have_text("Speed 1.25×")
    expect(speed).to_be_focused()
    note = page.get_by_label("My note")
    keyboard.write(note, "Half and half")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    expect(note).to_be_focused()
    share = page.get_by_label("Share with mentor")
    keyboard.reach(share)
    page.keyboard.press("Space")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    expect(share).to_be_focused()
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("You are offline")
    expect(share).to_be_focused()
    page.context.set_offline(False)


def test_a_failed_video_can_be_tried_again(page: Page, api: Server, lesson: Lesson) -> None:
    page.route("**/media/topics/*/video", lambda route: route.abort())
    sign_in(page, api, add_learner(api, lesson.subject_id).clerk_id, lesson.path)
    page.evaluate("document.querySelector('video').play().catch(() => 0)")
    retry = page.get_by_role("button", name="Try again")
    expect(retry).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Download video"))).to_be_visible()
    page.unroute("**/media/topics/*/video")
    Keyboard(page).press(retry)
    expect(page.locator("video")).to_be_focused()
    wait_for(page, "document.querySelector('video')?.currentTime > 0.3")
    expect(page.locator("#video-failed")).to_be_hidden()


def test_a_message_is_announced_once(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    path = f"/api/notes/topics/{lesson.topics[0]}"
    api.put(path, as_=who, json={"content": "From the phone"})
    note = page.get_by_label("My note")
    note.focus()
    page.keyboard.type("From the desk")
    until(page, lambda: "desk" in api.get(path, as_=who).json()["data"]["content"])
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    said = page.evaluate("window.announcements")
    assert said == ["This note was changed elsewhere. Both texts were kept."]
    expect(note).to_be_focused()
