"""Administrators decide requests in a browser: many at once, undo, failures, two at once, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.enrollment.school import rows
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.queues import (
    add_admin,
    add_applications,
    add_waiting,
    clear,
    clicks,
    open_queue,
    states,
)
from tests.web.visitors import Visitor

PHONE = {"width": 360, "height": 740}
SELECT_ALL = re.compile("^Select all ")
APPROVE_SELECTED = re.compile("^Approve selected")
UNDO = re.compile("^Undo")


@pytest.fixture(autouse=True)
def empty(api: Server) -> None:
    clear(api)


@pytest.fixture
def tabs(browser: Browser) -> Iterator[None]:
    yield
    for each in browser.contexts:
        each.close()


pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("tabs")]


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).click()


def test_twenty_are_approved_in_three_clicks(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 20)
    page = open_queue(browser, api, path="/admin")
    page.get_by_role("link", name=re.compile("^Enrollment requests")).click()
    press(page, SELECT_ALL)
    expect(page.get_by_text("20 of 20 selected")).to_be_visible()
    press(page, APPROVE_SELECTED)
    said(page, re.compile(r"20 approved\. Undo \(\d+ s\)"))
    assert page.locator("[data-folding]:not([inert])").count() == 0
    assert clicks(page) <= 3
    assert set(states(api, waiting.ids)) == {"APPROVED"}
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("heading", name="This page is decided")).to_be_focused()


def test_undo_reopens_and_the_learner_has_seen_nothing(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 2)
    pupil = rows(api, "select clerk_id from users where id = %s", waiting.learners[0])[0][0]
    learner = Visitor(api, pupil)
    page = open_queue(browser, api)
    press(page, SELECT_ALL)
    press(page, APPROVE_SELECTED)
    said(page, "2 approved.")
    assert states(api, waiting.ids) == ["APPROVED", "APPROVED"]
    assert "was approved" not in learner.get("/notifications").text
    shown = page.locator("#status button")
    expect(shown).to_have_text(re.compile(r"\([12]?\d s\)"))  # it has begun to count
    expect(shown).to_have_accessible_name("Undo")  # the seconds are not announced
    shown.click()
    said(page, "2 undone.")
    assert states(api, waiting.ids) == ["PENDING", "PENDING"]
    expect(page.get_by_role("checkbox", name="Ama Boateng")).to_be_focused()
    assert "was approved" not in learner.get("/notifications").text
    unseen = "select count(*) from notifications where user_id = %s"
    assert rows(api, unseen, waiting.learners[0]) == [(0,)]


def test_undo_outlives_a_reload(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 1)
    page = open_queue(browser, api)
    press(page, "Reject Ama Boateng")
    said(page, "1 rejected.")
    page.reload()
    press(page, UNDO)
    expect(page.get_by_role("checkbox", name="Ama Boateng")).to_be_visible()
    assert states(api, waiting.ids) == ["PENDING"]


def test_failures_are_named_and_stay(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 19)
    other = add_waiting(api, 1, subject="Chemistry")
    page = open_queue(
        browser,
        api,
    )
    api.execute("update users set status = 'INACTIVE' where id = %s", waiting.learners[0])
    api.execute("update subjects set deleted_at = now() where id = %s", other.subject_id)
    press(page, SELECT_ALL)
    press(page, APPROVE_SELECTED)
    said(page, "18 approved, 2 could not be: Ama's account is inactive, Chemistry was deleted")
    expect(page.get_by_role("checkbox")).to_have_count(2)
    stays = page.get_by_role("row", name=re.compile("Physics"))
    expect(stays).to_contain_text("Ama's account is inactive")
    page.goto(f"{api.url}/admin/requests")
    press(page, SELECT_ALL)
    press(page, APPROVE_SELECTED)
    said(
        page,
        "2 could not be approved: Ama's account is inactive, Chemistry was deleted",
    )
    assert states(api, [waiting.ids[0], *other.ids]) == ["PENDING", "PENDING"]


def test_a_note_is_sent_with_the_decision(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 2)
    page = open_queue(browser, api)
    page.get_by_label("Note to the learners").fill("The course is full.")
    press(page, "Reject Ama Boateng")
    said(page, "1 rejected.")
    expect(page.get_by_label("Note to the learners")).to_have_value("")
    press(page, "Approve Kofi Boateng")
    said(page, "1 approved.")
    sql = "select status, decision_reason from enrollments where id = any(%s) order by status desc"
    assert rows(api, sql, waiting.ids) == [("REJECTED", "The course is full."), ("APPROVED", None)]


def test_two_administrators_at_once(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 3)
    first = open_queue(browser, api)
    second = open_queue(browser, api, who=add_admin(api, "Efua", "Sarpong"))
    press(second, "Approve Ama Boateng")
    press(second, "Reject Kofi Boateng")
    said(second, "1 rejected.")
    press(first, SELECT_ALL)
    press(first, APPROVE_SELECTED)
    said(first, "1 approved, 2 already decided by Efua Sarpong.")
    for name, text in (("Ama", "Approved by Efua Sarpong"), ("Kofi", "Rejected by Efua Sarpong")):
        row = first.get_by_role("row", name=re.compile(f"{name} Boateng"))
        expect(row).to_contain_text(text)
        assert row.locator("time").last.get_attribute("datetime")
    press(first, UNDO)
    said(first, "1 undone.")
    assert states(api, waiting.ids) == ["APPROVED", "REJECTED", "PENDING"]


def test_all_that_match_are_decided_over_pages(browser: Browser, api: Server) -> None:
    waiting, other = add_waiting(api, 23), add_waiting(api, 2, subject="Art")
    page = open_queue(browser, api, path=f"/admin/requests?grade={waiting.grade_id}")
    expect(page.get_by_role("checkbox")).to_have_count(20)
    press(page, "Select all 23 that match")
    expect(page.get_by_text("23 of 23 selected")).to_be_visible()
    press(page, APPROVE_SELECTED)
    said(page, "23 approved.")
    assert set(states(api, waiting.ids)) == {"APPROVED"}
    assert set(states(api, other.ids)) == {"PENDING"}
    press(page, UNDO)
    said(page, "23 undone.")
    assert set(states(api, waiting.ids)) == {"PENDING"}


def test_keys_alone(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 4)
    page = open_queue(browser, api)
    focused = "document.activeElement.closest('[data-row]')?.dataset.learner"
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate(focused) == "Ama Boateng"
    page.keyboard.press("a")
    said(page, "1 approved.")
    assert page.evaluate(focused) == "Kofi Boateng"
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("2 of 3 selected")).to_be_visible()
    page.keyboard.press("r")
    said(page, "2 rejected.")
    assert page.evaluate(focused) == "Yaw Boateng"
    page.keyboard.press("z")
    said(page, "2 undone.")
    assert states(api, waiting.ids) == ["APPROVED", "PENDING", "PENDING", "PENDING"]
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Note to the learners").focus()
    page.keyboard.type("jar")
    expect(page.get_by_label("Note to the learners")).to_have_value("jar")
    assert states(api, waiting.ids).count("PENDING") == 3


def test_tooltips_show_the_keys(browser: Browser, api: Server) -> None:
    add_waiting(api, 1)
    page = open_queue(browser, api)
    titles = page.evaluate("[...document.querySelectorAll('main [title]')].map(e => e.title)")
    for key in "jkxar?":
        assert any(each.endswith(f"({key})") for each in titles), key
    press(page, "Approve Ama Boateng")
    said(page, "1 approved.")
    assert page.locator("#status button").get_attribute("title") == "Undo (z)"


def test_the_state_is_in_the_address(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 2)
    add_waiting(api, 1, subject="Art")
    page = open_queue(browser, api)
    page.get_by_label("Search", exact=True).fill("boateng")
    page.get_by_label("Subject").select_option(waiting.subject_id)
    press(page, "Apply")
    page.wait_for_url(re.compile(f"subject={waiting.subject_id}"))
    expect(page.get_by_role("checkbox")).to_have_count(2)
    page.get_by_role("link", name="Decided").click()
    page.wait_for_url(re.compile("tab=decided"))
    expect(page.get_by_role("heading", name="No request matches")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("checkbox")).to_have_count(2)


def test_decided_requests_show_who_and_when_and_can_be_reopened(
    browser: Browser, api: Server
) -> None:
    waiting = add_waiting(api, 2)
    page = open_queue(browser, api)
    press(page, "Reject Ama Boateng")
    said(page, "1 rejected.")
    api.execute(
        "update enrollments set status = 'APPROVED', decided_at = now() - interval '1 day', "
        "decided_by = %s where id = %s",
        *(api.user_id("admin"), waiting.ids[1]),
    )
    page.get_by_role("link", name="Decided").click()
    row = page.get_by_role("row", name=re.compile("Ama Boateng"))
    expect(row).to_contain_text("Rejected by Ama Owusu")
    expect(page.get_by_role("button", name="Reopen")).to_have_count(1)
    press(page, "Reopen Ama Boateng")
    said(page, "1 undone.")
    assert states(api, waiting.ids) == ["PENDING", "APPROVED"]


def test_a_phone_shows_cards_with_large_buttons(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 2)
    page = open_queue(browser, api, viewport=PHONE)
    for name in ("Approve Ama", "Reject Ama", "Select Ama"):
        box = page.get_by_role("button", name=re.compile(f"^{name}")).bounding_box()
        assert box is not None
        assert box["height"] >= 48, name
    press(page, re.compile("^Select Ama"))
    expect(page.get_by_role("checkbox", name="Ama Boateng")).to_be_checked()
    press(page, APPROVE_SELECTED)
    said(page, "1 approved.")
    assert states(api, waiting.ids) == ["APPROVED", "PENDING"]


def test_mentors_are_decided_in_the_same_way(browser: Browser, api: Server) -> None:
    ids = add_applications(api, 3)
    page = open_queue(browser, api, path="/admin/mentors")
    press(page, SELECT_ALL)
    press(page, APPROVE_SELECTED)
    said(page, re.compile(r"3 approved\. Undo \(\d+ s\)"))
    sql = "select distinct status from mentor_applications where id = any(%s)"
    assert rows(api, sql, ids) == [("APPROVED",)]
    mentors = "select count(*) from user_roles where role = 'MENTOR' and effective_end is null " \
        "and user_id in (select user_id from mentor_applications where id = any(%s))"  # fmt: skip
    assert rows(api, mentors, ids) == [(3,)]
    page.keyboard.press("z")
    said(page, "3 undone.")
    assert rows(api, sql, ids) == [("PENDING",)]
    assert rows(api, mentors, ids) == [(0,)]


def test_without_script_a_form_approves_and_undoes(browser: Browser, api: Server) -> None:
    waiting = add_waiting(api, 3)
    page = open_queue(browser, api, java_script_enabled=False)
    page.get_by_role("checkbox", name="Ama Boateng").check()
    page.get_by_role("checkbox", name="Kofi Boateng").check()
    press(page, APPROVE_SELECTED)
    said(page, "2 approved. Undo (30 s)")
    assert states(api, waiting.ids) == ["APPROVED", "APPROVED", "PENDING"]
    press(page, UNDO)
    said(page, "2 undone.")
    assert states(api, waiting.ids) == ["PENDING"] * 3
    expect(page.get_by_role("checkbox")).to_have_count(3)
