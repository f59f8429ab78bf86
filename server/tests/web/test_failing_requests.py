"""Requests that fail in the middle of a page's work: nothing is lost, and the page says so."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.factories import create_level, create_subject, create_topic
from tests.learning.school import add_learner
from tests.library.school import Topic, upload, uploaded
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.hands import Keyboard
from tests.web.lessons import Lesson, sign_in, until, wait_for
from tests.web.queues import add_waiting, clear, open_queue, states
from tests.web.windows import DESKTOP

pytestmark = pytest.mark.processes

WINDOW = DESKTOP

TIME = "document.querySelector('video').currentTime"
KEPT = "Object.keys(localStorage).some(key => key.endsWith(':{0}'))"


def refuse_writes(route: Route) -> None:
    if route.request.method == "GET":
        route.continue_()
    else:
        route.fulfill(status=500, json={"success": False, "error": "Internal", "code": "INTERNAL"})


def end_session(page: Page, api: Server) -> None:
    """Sign the person out as another tab of the browser does."""
    token = page.locator("input[name=form_token]").first.get_attribute("value") or ""
    headers = {"Origin": api.url}
    form: dict[str, str | float | bool] = {"form_token": token}
    page.context.request.post(f"{api.url}/sign-out", form=form, headers=headers, max_redirects=0)


def test_a_decision_that_fails_keeps_selection_and_focus(browser: Browser, api: Server) -> None:
    clear(api)
    waiting = add_waiting(api, 3)
    page = open_queue(browser, api)
    page.route("**/api/**", refuse_writes)
    page.get_by_role("button", name="Select all 3").click()
    approve = page.get_by_role("button", name="Approve selected")
    Keyboard(page).press(approve)
    said(page, "The server did not answer.")
    expect(page.locator("input[name=id]:checked")).to_have_count(3)
    expect(approve).to_be_focused()
    page.unroute("**/api/**", refuse_writes)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("3 approved.")
    assert states(api, waiting.ids) == ["APPROVED"] * 3
    page.context.close()


def test_the_focus_stays_in_the_queue(browser: Browser, api: Server) -> None:
    """After decisions about some rows, an undo that fails, and an undo that expires."""
    clear(api)
    waiting = add_waiting(api, 4)
    page = open_queue(browser, api)
    page.clock.install()
    page.reload()
    boxes = page.locator("input[name=id]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    Keyboard(page).press(page.get_by_role("button", name="Approve selected"))
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(boxes.nth(2)).to_be_focused()

    page.route("**/api/**", refuse_writes)
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The decision was not undone yet.")
    expect(undo).to_be_focused()
    page.unroute("**/api/**", refuse_writes)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("2 approved.")
    undo.click()
    said(page, "2 undone.")
    expect(boxes).to_have_count(4)  # the rows that the page was loaded without
    assert page.evaluate("sessionStorage['queue-undo']") is None  # the sentence is not said again
    assert states(api, waiting.ids) == ["PENDING"] * 4

    Keyboard(page).press(page.get_by_role("button", name=re.compile("^Reject ")).first)
    expect(undo).to_be_visible()
    undo.focus()
    page.clock.fast_forward(31_000)
    expect(undo).to_have_count(0)
    expect(boxes.nth(1)).to_be_focused()
    page.context.close()


def test_an_ended_session_is_said_until_the_person_is_back(browser: Browser, api: Server) -> None:
    clear(api)
    waiting = add_waiting(api, 2)
    page = open_queue(browser, api)
    end_session(page, api)
    approve = page.get_by_role("button", name=re.compile("^Approve ")).first
    approve.click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    expect(page.locator("form[data-queue]")).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    other = page.context.new_page()
    sign_in(other, api, "user_admin")
    approve.click()
    expect(page.get_by_role("status")).to_contain_text("1 approved.")
    assert sorted(states(api, waiting.ids)) == ["APPROVED", "PENDING"]
    page.context.close()


def test_keys_of_the_queue_can_be_switched_off(browser: Browser, api: Server) -> None:
    clear(api)
    add_waiting(api, 2)
    page = open_queue(browser, api)
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Use these keys")).to_be_hidden()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator("input[name=id]").first).not_to_be_focused()
    for _ in range(15):  # the closed dialog keeps the focus until the browser draws again
        page.keyboard.press("?")
        page.get_by_label("Use these keys").check()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        expect(page.locator("input[name=id]").first).to_be_focused()
        page.evaluate("document.activeElement.blur()")
    page.context.close()


def test_an_ended_session_loses_neither_note_nor_progress(
    page: Page, api: Server, lesson: Lesson
) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    note = page.get_by_label("My note")
    note.fill("First")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    page.evaluate("document.querySelector('video').play().catch(() => 0)")
    wait_for(page, f"{TIME} > 1.5")
    end_session(page, api)
    note.fill("First and second")
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    page.evaluate("document.querySelector('video').pause()")
    wait_for(page, KEPT.format("progress"))
    page.get_by_role("status").get_by_role("button", name="Sign in").click()
    page.get_by_label("Another person").fill(who)
    page.get_by_label("Another person").press("Enter")
    page.wait_for_url(f"{api.url}{lesson.path}")
    expect(page.get_by_label("My note")).to_have_value("First and second")
    topic = lesson.topics[0]
    kept = f"/api/notes/topics/{topic}"
    until(page, lambda: api.get(kept, as_=who).json()["data"]["content"] == "First and second")
    progress = f"/api/progress/topics/{topic}"
    until(page, lambda: api.get(progress, as_=who).json()["data"]["positionSeconds"] > 1)


def test_sharing_a_note_waits_for_the_connection(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    path = f"/api/notes/topics/{lesson.topics[0]}"
    sign_in(page, api, who, lesson.path)
    page.get_by_label("My note").fill("Is this right?")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    page.context.set_offline(True)
    page.get_by_label("Share with mentor").check()
    expect(page.locator("form [data-saved]")).to_have_text("Saved on this device")
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{api.url}{lesson.path}")
    expect(page.get_by_label("Share with mentor")).to_be_checked()
    until(page, lambda: api.get(path, as_=who).json()["data"]["sharedWithMentor"])


def test_a_video_that_breaks_goes_on_where_it_stopped(
    page: Page, api: Server, lesson: Lesson
) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    page.evaluate(f"const video = document.querySelector('video'); {TIME} = 8; video.play()")
    wait_for(page, f"{TIME} > 8.5")
    page.evaluate("document.querySelector('video').dispatchEvent(new Event('error'))")
    page.get_by_role("button", name="Try again").click()
    wait_for(page, f"document.querySelector('video').readyState > 2 && {TIME} > 8.4")
    page.evaluate("document.querySelector('video').pause()")
    progress = f"/api/progress/topics/{lesson.topics[0]}"
    until(page, lambda: api.get(progress, as_=who).json()["data"]["positionSeconds"] > 8.3)


def test_a_video_may_fail_before_the_script_runs(page: Page, api: Server, lesson: Lesson) -> None:
    def late(route: Route) -> None:
        page.wait_for_timeout(800)
        route.continue_()

    page.route("**/media/topics/*/video", lambda route: route.abort())
    page.route("**/static/topic-*.js", late)
    sign_in(page, api, add_learner(api, lesson.subject_id).clerk_id)
    page.goto(f"{api.url}{lesson.path}?play=1")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_nothing_is_deleted_without_its_question(page: Page, api: Server) -> None:
    """Another page may answer, such as that of the sign-in."""
    with api.db() as db:
        level = create_level(db, name="Level of questions")
    sign_in(page, api, "user_admin", "/admin/curriculum")
    page.route("**/admin/curriculum?delete=*", lambda route: route.fulfill(body="<h1>Sign in</h1>"))
    page.get_by_role("button", name="Delete Level of questions").click()
    said(page, "This could not be done.")
    assert api.get(f"/api/education/levels/{level}", as_="admin").status_code == 200


def test_a_document_that_cannot_be_removed_stays(page: Page, api: Server) -> None:
    with api.db() as db:
        subject = create_subject(db, mentor_id=api.user_id("mentor"), name="Removal").id
        topic = create_topic(db, subject_id=subject).id
    uploaded(upload(api, Topic(topic, subject), "Kept.txt"))
    sign_in(page, api, "user_mentor", f"/teach/topics/{topic}")
    page.route("**/api/**", refuse_writes)
    remove = page.get_by_role("button", name="Remove Kept")
    Keyboard(page).press(remove)
    said(page, "Kept.txt could not be removed.")
    expect(remove).to_be_focused()
    page.unroute("**/api/**", refuse_writes)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Kept.txt was removed.")
