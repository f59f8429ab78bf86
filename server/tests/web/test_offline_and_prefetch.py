"""The offline page, the next topic loaded in advance, and the setting that saves data."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.lessons import Lesson, sign_in, until, wait_for, watch_prefetches
from tests.web.visitor import Visitor, signed_in

pytestmark = pytest.mark.processes

RULES = re.compile(r'"(/static/speculation-\w+\.json)"')
HOW_IT_CAME = "performance.getEntriesByType('navigation')[0].deliveryType"


def wait_for_worker(page: Page) -> None:
    wait_for(page, "navigator.serviceWorker.controller !== null")


def test_a_page_of_our_own_is_shown_offline(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner)
    wait_for_worker(page)
    page.context.set_offline(True)
    page.goto(f"{api.url}/notes")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are offline")
    expect(page.get_by_text("kept on this device", exact=False).first).to_be_visible()
    assert page.url == f"{api.url}/notes"
    assert page.title() == "You are offline – Akako"
    assert page.locator('[role="status"]').count() == 1
    # The style sheet is stored with the page.
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    page.context.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes")


def test_the_offline_page_is_in_the_language_of_the_pages(
    browser: Browser, api: Server, lesson: Lesson
) -> None:
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    page.goto(f"{api.url}/browse")
    wait_for_worker(page)
    context.set_offline(True)
    page.goto(f"{api.url}/search")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous êtes hors ligne")
    context.close()


def test_signing_out_removes_what_the_worker_stored(page: Page, api: Server) -> None:
    sign_in(page, api, add_learner(api).clerk_id)
    wait_for_worker(page)
    page.goto(f"{api.url}/sign-out")
    # The page after it would start a worker again.
    page.add_init_script("navigator.serviceWorker.register = () => Promise.reject(new Error())")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{api.url}/")
    assert page.evaluate("caches.keys()") == []


def test_the_offline_page_is_the_same_for_everyone(api: Server) -> None:
    person, stranger = signed_in(api, "learner"), Visitor(api)
    assert stranger.get("/offline").status_code == 200
    assert person.get("/offline").status_code == 200
    worker = stranger.get("/service-worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "max-age" in worker.headers["cache-control"]
    assert 'credentials:"omit"' in worker.text


def test_the_next_topic_is_loaded_in_advance(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner)
    wait_for_worker(page)
    ready, wanted = watch_prefetches(page), f"{api.url}/topics/{lesson.topics[1]}"
    page.goto(f"{api.url}{lesson.path}")
    until(page, lambda: wanted in ready)
    page.get_by_role("link", name=re.compile("^Next topic")).click()
    page.wait_for_url(wanted)
    assert page.evaluate(HOW_IT_CAME) == "navigational-prefetch"


def test_rules_are_served_as_browsers_expect_them(api: Server, lesson: Lesson) -> None:
    visitor = signed_in(api, lesson.learner)
    found = RULES.fullmatch(visitor.get(lesson.path).headers["speculation-rules"])
    assert found
    rules = visitor.get(found[1])
    assert rules.headers["content-type"] == "application/speculationrules+json"
    assert "prefetch" in rules.json()
    last = visitor.get(f"/topics/{lesson.topics[-1]}")
    assert "speculation-rules" not in last.headers


def test_data_saver_loads_nothing_in_advance(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, add_learner(api, lesson.subject_id).clerk_id, "/me")
    page.get_by_label("Data saver").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Saved")
    expect(page.get_by_label("Data saver")).to_be_checked()
    answer = page.goto(f"{api.url}{lesson.path}")
    assert answer is not None
    assert "speculation-rules" not in answer.headers
    page.goto(f"{api.url}/home")
    page.get_by_role("link", name=re.compile("^Continue: ")).click()
    video = page.locator("video")
    assert video.get_attribute("preload") == "none"
    assert video.get_attribute("poster") is None
    until(page, lambda: video.evaluate("video => video.currentTime > 0"))  # the click asked for it
    page.goto(f"{api.url}/me")
    page.get_by_label("Data saver").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Saved")
    answer = page.goto(f"{api.url}{lesson.path}")
    assert answer is not None
    assert "speculation-rules" in answer.headers


def test_the_browsers_own_data_saver_counts(api: Server, lesson: Lesson) -> None:
    visitor = signed_in(api, lesson.learner)
    assert "speculation-rules" not in visitor.get(lesson.path, **{"Save-Data": "on"}).headers
