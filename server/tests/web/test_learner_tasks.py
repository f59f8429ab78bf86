"""What learners come for, with a mouse, with the keyboard alone and without script.

A journey counts its presses, and fails when a page needs one more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.hands import Hand, Keyboard, Mouse
from tests.web.lessons import Lesson, sign_in, until, wait_for

pytestmark = pytest.mark.processes

PLAYING = """(() => {
    const video = document.querySelector("video");
    const frames = video && video.getVideoPlaybackQuality().totalVideoFrames;
    return video && !video.paused && video.currentTime > 0.5 && video.videoWidth > 0 && frames > 2;
})()"""


class Way(NamedTuple):
    """How a person uses a page."""

    hand: Callable[[Page], Hand]
    script: bool = True


WAYS = {"mouse": Way(Mouse), "keyboard": Way(Keyboard), "no script": Way(Mouse, script=False)}
WITH_SCRIPT = ("mouse", "keyboard")


class Person(NamedTuple):
    page: Page
    hand: Hand


Meet = Callable[[str], Person]


@pytest.fixture
def meet(browser: Browser) -> Iterator[Meet]:
    """Open a browser of its own for a way of use."""
    contexts = []

    def open_browser(name: str) -> Person:
        way = WAYS[name]
        size = {"width": 360, "height": 740}
        context = browser.new_context(viewport=size, java_script_enabled=way.script)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        return Person(page, way.hand(page))

    yield open_browser
    for context in contexts:
        context.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_newcomer_sends_the_first_request_in_three_clicks(
    meet: Meet, api: Server, lesson: Lesson, way: str
) -> None:
    newcomer = add_learner(api).clerk_id
    page, hand = meet(way)
    page.goto(f"{api.url}/sign-in")
    hand.press(page.locator(f'button[value="{newcomer}"]'))
    page.wait_for_url(f"{api.url}/home")
    hand.press(page.locator(f'a[href="/home?grade={lesson.grade_id}"]'))
    hand.press(page.get_by_role("button", name="Request to enroll Mathematics"))
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()
    expect(page.get_by_role("button", name="Withdraw Mathematics")).to_be_visible()
    sent = api.get("/api/enrollment/me", as_=newcomer).json()["data"]
    assert [each["subjectId"] for each in sent] == [lesson.subject_id]
    assert hand.presses <= 3


@pytest.mark.parametrize("way", WAYS)
def test_continue_plays_in_one_click(meet: Meet, api: Server, lesson: Lesson, way: str) -> None:
    page, hand = meet(way)
    sign_in(page, api, add_learner(api, lesson.subject_id).clerk_id)
    hand.press(page.get_by_role("link", name=re.compile("^Continue: Adding fractions")))
    page.wait_for_url(f"{api.url}{lesson.path}?play=1")
    wait_for(page, PLAYING)
    assert hand.presses == 1


@pytest.mark.parametrize("way", WITH_SCRIPT)
def test_a_note_written_offline_arrives(meet: Meet, api: Server, lesson: Lesson, way: str) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    page, hand = meet(way)
    sign_in(page, api, who, lesson.path)
    page.context.set_offline(True)
    hand.write(page.get_by_label("My note"), "Written on the way home")
    expect(page.locator("form [data-saved]")).to_have_text("Saved on this device")
    page.context.set_offline(False)
    expect(page.locator("form [data-saved]")).to_have_text("Saved", timeout=20_000)
    expect(page.get_by_label("My note")).to_be_focused() if way == "keyboard" else None
    path = f"/api/notes/topics/{lesson.topics[0]}"
    assert api.get(path, as_=who).json()["data"]["content"] == "Written on the way home"
    assert hand.presses == 0


@pytest.mark.parametrize("way", WAYS)
def test_home_shows_the_answer_to_a_request(
    meet: Meet, api: Server, lesson: Lesson, way: str
) -> None:
    learner = add_learner(api)
    body = {"subjectId": lesson.subject_id}
    request = api.post("/api/enrollment/request", as_=learner.clerk_id, json=body).json()["data"]
    decided = api.put(
        f"/api/admin/enrollment/{request['id']}/reject",
        as_="admin",
        json={"reason": "Grade 6 first"},
    )
    assert decided.status_code == 200, decided.text
    page, hand = meet(way)
    sign_in(page, api, learner.clerk_id)
    # The administrator may still undo the decision, so the learner does not see it yet.
    expect(page.get_by_role("heading", name="Answers to your requests")).to_have_count(0)
    earlier = "update enrollments set decided_at = decided_at - interval '1 minute' where id = %s"
    api.execute(earlier, request["id"])
    hand.press(page.get_by_role("link", name="Home").first)
    answers = page.locator("section").filter(has=page.get_by_role("heading", name="Answers to"))
    expect(answers).to_contain_text("Mathematics")
    expect(answers).to_contain_text("Not approved")
    expect(answers).to_contain_text("Grade 6 first")
    assert hand.presses == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_other_tasks_of_a_learner(meet: Meet, api: Server, lesson: Lesson, way: str) -> None:
    """Find a topic, mark it as done, go on, write a note, ask elsewhere, withdraw, sign out."""
    who = add_learner(api, lesson.subject_id).clerk_id
    page, hand = meet(way)
    sign_in(page, api, who)
    hand.press(page.get_by_role("link", name="Search the school"))
    hand.write(page.get_by_label("Search", exact=True), "fractions")
    hand.press(page.get_by_role("button", name="Search", exact=True))
    hand.press(page.get_by_role("link", name="Adding fractions"))
    hand.press(page.get_by_role("button", name="Mark as done"))
    expect(page.get_by_role("button", name="Not done yet")).to_be_visible()
    hand.press(page.get_by_role("link", name=re.compile("^Next topic")))
    expect(page.get_by_role("heading", level=1)).to_have_text("Subtracting fractions")
    hand.write(page.get_by_label("My note"), "Same denominator")
    if not WAYS[way].script:
        hand.press(page.get_by_role("button", name="Save note"))
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    topics = [f"/api/progress/topics/{lesson.topics[0]}", f"/api/notes/topics/{lesson.topics[1]}"]
    done, note = (api.get(path, as_=who).json()["data"] for path in topics)
    assert (done["status"], note["content"]) == ("COMPLETED", "Same denominator")
    hand.press(page.locator("details.menu > summary"))
    hand.press(page.get_by_role("button", name="Sign out"))
    page.wait_for_url(f"{api.url}/")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    until(page, lambda: not any(c["name"] == "akako" for c in page.context.cookies()))
