"""The topic page: a video that fails, a watched video, keys that are off, text for readers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.lessons import RECORD_BEGINNING, Lesson, sign_in, wait_for
from tests.web.visitor import signed_in
from tests.web.windows import DESKTOP

pytestmark = pytest.mark.processes

WINDOW = DESKTOP


def test_a_video_that_fails_offers_what_is_left(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner, lesson.path)
    page.route("**/media/topics/**", lambda route: route.abort())
    page.locator("video").evaluate("video => void video.play().catch(() => undefined)")
    failed = page.locator("#video-failed")
    expect(failed).to_be_visible()
    expect(failed).to_contain_text("Your place is kept.")
    download = failed.get_by_role("link", name="Download video")
    expect(download).to_contain_text(re.compile(r"MP4, \d"))
    page.unroute("**/media/topics/**")
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_be_hidden()
    wait_for(page, "document.querySelector('video')?.currentTime > 0.2")


def test_a_watched_video_says_so_and_starts_anew(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    stored = {"positionSeconds": 19.5, "durationSeconds": 20, "watched": [[0, 19.5]]}
    api.put(f"/api/progress/topics/{lesson.topics[0]}", as_=who, json=stored)
    page.add_init_script(RECORD_BEGINNING)
    sign_in(page, api, who, lesson.path)
    expect(page.get_by_text("You have watched this.")).to_be_visible()
    page.locator("video").evaluate("video => void video.play()")
    wait_for(page, "document.querySelector('video')?.currentTime > 0.2")
    assert page.evaluate("window.begun") < 10


def test_keys_can_be_switched_off_for_good(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner, lesson.path)
    page.get_by_label(re.compile("^Keys")).uncheck()
    page.reload()
    expect(page.get_by_label(re.compile("^Keys"))).not_to_be_checked()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("n")
    page.wait_for_timeout(300)
    assert page.url.endswith(lesson.path)
    page.get_by_label(re.compile("^Keys")).check()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("n")
    page.wait_for_url(f"{api.url}/topics/{lesson.topics[1]}")


def test_the_speed_is_chosen_and_kept(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, lesson.learner, lesson.path)
    page.get_by_role("button", name="Speed 1×").click()
    expect(page.get_by_role("button", name="Speed 1.25×")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Speed 1.25×")).to_be_visible()
    assert page.locator("video").evaluate("video => video.playbackRate") == 1.25


def test_the_request_is_sent_from_the_locked_topic(page: Page, api: Server, lesson: Lesson) -> None:
    sign_in(page, api, add_learner(api).clerk_id)
    page.goto(f"{api.url}{lesson.path}")
    page.get_by_role("button", name="Request to enroll").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Adding fractions")
    expect(page.get_by_role("button", name="Withdraw")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Requested on \d+ \w+"))).to_be_visible()
    assert page.url == f"{api.url}{lesson.path}"


def test_the_topic_path_says_number_length_size_and_state(api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    stored = {"positionSeconds": 3, "durationSeconds": 20}
    api.put(f"/api/progress/topics/{lesson.topics[0]}", as_=who, json=stored)
    page = signed_in(api, who).get(f"/subjects/{lesson.subject_id}").text
    stops = [
        re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", each)).strip()
        for each in re.findall(r'<li class="stop .*?</li>', page, re.DOTALL)
    ]
    assert len(stops) == 3
    assert re.fullmatch(
        r"1 Adding fractions 1 minute · [\d.]+ (KB|MB) · 2 documents You are here", stops[0]
    ), stops
    assert stops[1:] == ["2 Subtracting fractions Next", "3 Percent Not started"]
    api.put(f"/api/progress/topics/{lesson.topics[0]}", as_=who, json={"markedDone": True})
    page = signed_in(api, who).get(f"/subjects/{lesson.subject_id}").text
    assert re.findall(r'<li class="stop (\w+)">', page) == ["done", "here", "next"]
    locked = signed_in(api, add_learner(api).clerk_id).get(f"/subjects/{lesson.subject_id}").text
    assert re.findall(r'<li class="stop (\w+)">', locked) == ["locked"] * 3
    assert "Adding fractions" in locked  # titles stay visible
