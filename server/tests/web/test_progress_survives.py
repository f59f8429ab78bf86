"""What a learner has watched survives a reload, a closed page, a slow video and a dead network."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.lessons import Lesson, sign_in, until, wait_for

pytestmark = pytest.mark.processes

TIME = "document.querySelector('video')?.currentTime"


def position(api: Server, lesson: Lesson, who: str) -> float:
    answer = api.get(f"/api/progress/topics/{lesson.topics[0]}", as_=who)
    return float(answer.json()["data"]["positionSeconds"])


def store(api: Server, lesson: Lesson, who: str, seconds: float) -> None:
    body = {"positionSeconds": seconds, "durationSeconds": 20}
    answer = api.put(f"/api/progress/topics/{lesson.topics[0]}", as_=who, json=body)
    assert answer.status_code == 200, answer.text


def watch(page: Page, seconds: float) -> None:
    """Let the video run beyond a moment, and keep it running."""
    page.evaluate("document.querySelector('video').play().catch(() => 0)")
    wait_for(page, f"{TIME} > {seconds}")


def test_leaving_the_page_saves_the_position(page: Page, api: Server, lesson: Lesson) -> None:
    """With a reload, with a link, and with a tab that is closed while the video runs."""
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who, lesson.path)
    watch(page, 1.5)
    page.reload()
    until(page, lambda: position(api, lesson, who) > 1)

    watch(page, 3)
    page.get_by_role("link", name="Home", exact=True).first.click()
    until(page, lambda: position(api, lesson, who) > 2.5)
    page.reload()
    card = page.get_by_role("link", name=re.compile("^Continue: Adding fractions"))
    seconds = int(position(api, lesson, who))
    expect(card).to_contain_text(f"Resume at 0:{seconds:02}")
    card.click()
    wait_for(page, f"{TIME} > 5")
    other = page.context.new_page()
    page.close(run_before_unload=True)
    until(other, lambda: position(api, lesson, who) > 4.5)


def test_nothing_overwrites_a_position_with_zero(page: Page, api: Server, lesson: Lesson) -> None:
    """Not a video that never loads, not one that is left at once, not one that was not started."""
    who = add_learner(api, lesson.subject_id).clerk_id
    store(api, lesson, who, 12)
    sign_in(page, api, who, lesson.path)
    page.reload()
    page.goto(f"{api.url}/home")
    page.route("**/media/topics/*/video", lambda route: None)  # hangs
    page.goto(f"{api.url}{lesson.path}?play=1", wait_until="domcontentloaded")
    page.evaluate("document.querySelector('video').pause()")
    page.goto(f"{api.url}/home")
    page.unroute_all(behavior="ignoreErrors")
    page.goto(f"{api.url}{lesson.path}?play=1", wait_until="commit")
    page.goto(f"{api.url}/home")
    assert position(api, lesson, who) >= 12
    page.goto(f"{api.url}{lesson.path}")
    watch(page, 12.3)
    page.goto(f"{api.url}/home")
    until(page, lambda: position(api, lesson, who) > 12.2)


def test_progress_waits_for_a_server_that_is_busy(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    page.route("**/api/progress/**", lambda route: route.fulfill(status=503, json={}))
    sign_in(page, api, who, lesson.path)
    watch(page, 1.5)
    page.evaluate("document.querySelector('video').pause()")
    wait_for(page, "Object.keys(localStorage).some(key => key.endsWith(':progress'))")
    assert position(api, lesson, who) == 0
    page.unroute_all(behavior="ignoreErrors")
    page.goto(f"{api.url}/home")
    until(page, lambda: position(api, lesson, who) > 1)
    wait_for(page, "!Object.keys(localStorage).some(key => key.endsWith(':progress'))")


def test_a_note_written_offline_is_sent_by_the_next_page(
    page: Page, api: Server, lesson: Lesson
) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    path = f"/api/notes/topics/{lesson.topics[0]}"
    sign_in(page, api, who, lesson.path)
    page.get_by_label("Share with mentor").check()
    page.context.set_offline(True)
    page.get_by_label("My note").fill("Written on the bus")
    expect(page.locator("form [data-saved]")).to_have_text("Saved on this device")
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{api.url}/home")
    until(page, lambda: api.get(path, as_=who).status_code == 200)
    note = api.get(path, as_=who).json()["data"]
    assert (note["content"], note["sharedWithMentor"]) == ("Written on the bus", True)
    page.goto(f"{api.url}{lesson.path}")
    expect(page.get_by_label("My note")).to_have_value("Written on the bus")
    # A note that was changed elsewhere is not overwritten: its own page shows both texts.
    page.context.set_offline(True)
    page.get_by_label("My note").fill("Changed on the bus")
    page.goto("about:blank")
    elsewhere = {"content": "Changed at home", "sharedWithMentor": False}
    tag = {"If-Match": api.get(path, as_=who).headers["etag"]}
    assert api.put(path, as_=who, json=elsewhere, headers=tag).status_code == 200
    page.context.set_offline(False)
    with page.expect_response(f"**{path}") as refused:
        page.goto(f"{api.url}/notes")
    assert refused.value.status == 412
    page.goto(f"{api.url}{lesson.path}")
    said(page, "Both texts were kept.")
    for text in ("Changed at home", "Changed on the bus"):
        assert text in page.get_by_label("My note").input_value()
