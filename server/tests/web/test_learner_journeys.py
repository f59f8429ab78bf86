"""What a learner does: continue, watch, write a note offline, ask for a subject, without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.lessons import RECORD_BEGINNING, Lesson, sign_in, until, wait_for

pytestmark = pytest.mark.processes


def progress(api: Server, lesson: Lesson, who: str) -> dict[str, object]:
    answer = api.get(f"/api/progress/topics/{lesson.topics[0]}", as_=who)
    data: dict[str, object] = answer.json()["data"]
    return data


def test_continue_plays_in_one_click_from_the_stored_position(
    page: Page, api: Server, lesson: Lesson
) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    stored = {"positionSeconds": 8.5, "durationSeconds": 20, "watched": [[0, 8.5]]}
    api.put(f"/api/progress/topics/{lesson.topics[0]}", as_=who, json=stored)
    page.add_init_script(RECORD_BEGINNING)
    sign_in(page, api, who)
    card = page.get_by_role("link", name=re.compile("^Continue: Adding fractions"))
    expect(card).to_contain_text("Resume at 0:08")
    card.click()
    page.wait_for_url(f"{api.url}{lesson.path}?play=1")
    video = page.locator("video")
    wait_for(page, "document.querySelector('video')?.currentTime > 9")
    assert not video.evaluate("video => video.paused")
    assert 8 <= page.evaluate("window.begun") < 15
    video.evaluate("video => video.pause()")
    until(page, lambda: float(str(progress(api, lesson, who)["positionSeconds"])) > 9)
    assert float(str(progress(api, lesson, who)["watchedSeconds"])) > 8.5


def test_a_position_is_never_overwritten_with_zero(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    stored = {"positionSeconds": 12, "durationSeconds": 20}
    api.put(f"/api/progress/topics/{lesson.topics[0]}", as_=who, json=stored)
    sign_in(page, api, who, lesson.path)
    page.goto(f"{api.url}/home")
    assert progress(api, lesson, who)["positionSeconds"] == 12


def test_progress_made_offline_is_sent_later(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    video = page.locator("video")
    video.evaluate("video => video.play()")
    wait_for(page, "document.querySelector('video').buffered.length > 0")
    wait_for(page, "document.querySelector('video')?.currentTime > 0.5")
    page.context.set_offline(True)
    wait_for(page, "document.querySelector('video')?.currentTime > 1.5")
    video.evaluate("video => video.pause()")
    wait_for(page, "Object.keys(localStorage).some(key => key.endsWith(':progress'))")
    assert progress(api, lesson, who)["positionSeconds"] == 0
    page.context.set_offline(False)
    until(page, lambda: float(str(progress(api, lesson, who)["positionSeconds"])) > 1)


def test_a_note_written_offline_is_kept_and_saved(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    note, saved = page.get_by_label("My note"), page.locator("form [data-saved]")
    note.fill("Online")
    expect(saved).to_have_text("Saved")
    page.context.set_offline(True)
    note.fill("Online, then offline")
    expect(saved).to_have_text("Saved on this device")
    page.wait_for_timeout(1_000)
    page.context.set_offline(False)
    page.goto(f"{api.url}{lesson.path}")
    expect(page.get_by_label("My note")).to_have_value("Online, then offline")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    stored = api.get(f"/api/notes/topics/{lesson.topics[0]}", as_=who).json()["data"]
    assert stored["content"] == "Online, then offline"


def test_a_conflict_keeps_both_texts(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    path = f"/api/notes/topics/{lesson.topics[0]}"
    api.put(path, as_=who, json={"content": "From the phone"})
    page.get_by_label("My note").fill("From the desk")
    said(page, "Both texts were kept")
    expect(page.get_by_label("My note")).to_have_value(
        re.compile("From the phone.*desk", re.DOTALL)
    )
    until(page, lambda: "desk" in api.get(path, as_=who).json()["data"]["content"])


def test_a_document_is_marked_as_opened(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    link = page.get_by_role("link", name=re.compile("^Worksheet"))
    with page.context.expect_page():
        link.click()
    expect(link).to_contain_text("Opened")
    until(page, lambda: len(progress(api, lesson, who)["documentsOpened"]) == 1)  # type: ignore[arg-type]


def test_keys_work_outside_of_fields_only(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    page.get_by_label("My note").press("n")
    page.wait_for_timeout(200)
    assert page.url.endswith(lesson.path)
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("n")
    page.wait_for_url(f"{api.url}/topics/{lesson.topics[1]}")
    page.keyboard.press("p")
    page.wait_for_url(f"{api.url}{lesson.path}")
    page.keyboard.press("m")
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    assert progress(api, lesson, who)["status"] == "COMPLETED"


def test_everything_works_without_script(browser: Browser, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, api, who, lesson.path)
    expect(page.locator("noscript p")).to_be_visible()
    page.get_by_label("My note").fill("Written without script")
    page.get_by_label("Share with mentor").check()
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_label("My note")).to_have_value("Written without script")
    page.get_by_role("button", name="Mark as done").click()
    expect(page.get_by_role("button", name="Not done yet")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Next topic")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Subtracting fractions")
    page.goto(f"{api.url}/notes?q=script")
    expect(page.get_by_text("Written without script")).to_be_visible()
    expect(page.get_by_text("Shared with mentor")).to_be_visible()
    context.close()


def test_a_new_learner_requests_a_subject_in_three_clicks(
    page: Page, api: Server, lesson: Lesson
) -> None:
    who = add_learner(api).clerk_id
    sign_in(page, api, who)
    page.locator(f'a[href="/home?grade={lesson.grade_id}"]').click()
    page.get_by_role("button", name="Request to enroll Mathematics").click()
    expect(page.get_by_role("button", name="Withdraw Mathematics")).to_be_visible()
    page.goto(f"{api.url}/home")
    expect(page.get_by_role("button", name="Withdraw Mathematics")).to_be_visible()


def test_a_locked_topic_offers_the_request(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, add_learner(api).clerk_id)
    answer = page.goto(f"{api.url}{lesson.path}")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", level=1)).to_have_text("Adding fractions")
    expect(page.get_by_role("button", name="Request to enroll")).to_be_visible()
    assert page.locator("video").count() == 0


def test_text_of_a_topic_cannot_run_script(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner, lesson.path)
    expect(page.locator(".prose")).to_contain_text("<script>")
    assert page.title() == "Adding fractions – Akako"
