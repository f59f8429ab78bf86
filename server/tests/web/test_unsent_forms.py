"""Sessions that end, or become those of another person, in the middle of a form: texts are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.learning.school import Learner, add_learner, add_subject
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.lessons import Lesson, sign_in, until
from tests.web.visitor import Visitor, signed_in

pytestmark = pytest.mark.processes

TEXT = "I teach fractions.\nMy <b>pupils</b> & I like them."
SCRIPTED = "document.documentElement.classList.contains('script')"
OTHERS = "Another person has signed in in this browser."


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(java_script_enabled=request.param)
    yield made
    made.close()


def expire(api: Server, learner: Learner) -> None:
    """End the sessions of a learner on the server. The browser still has its cookie."""
    api.execute("delete from web_sessions where user_id = %s", learner.id)


def sign_in_again(page: Page, clerk_id: str) -> None:
    page.get_by_label("Another person").fill(clerk_id)
    page.get_by_role("button", name="Sign in", exact=True).click()


def applications(api: Server, learner: Learner) -> list[str]:
    rows = api.get("/api/mentor/applications/me", as_=learner.clerk_id).json()["data"]
    return [str(each["motivation"]) for each in rows]


def look(page: Page, name: str) -> None:
    """Assert that the page is accessible and fits, in both themes; take a picture of it."""
    for width, theme in ((360, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 740})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        take_picture(page, f"{name}-{width}-{theme}")
        assert overflow(page) <= 0
        if width == 1280 and page.evaluate(SCRIPTED):
            assert violations(page) == []


def test_an_application_is_sent_after_signing_in_again(
    context: BrowserContext, api: Server
) -> None:
    learner, page = add_learner(api), context.new_page()
    sign_in(page, api, learner.clerk_id, "/mentor/apply")
    page.get_by_label("Why do you want to teach?").fill(TEXT)
    page.get_by_label("Qualifications").fill("Diploma")
    expire(api, learner)
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to send this")
    assert page.title().startswith("Sign in to send this")
    expect(page.get_by_label("Why do you want to teach?")).to_have_value(TEXT)
    expect(page.get_by_role("button", name="Esi Boateng")).to_be_visible()
    sign_in_again(page, "not an id")
    expect(page.get_by_text("Enter an id such as user_ama")).to_be_visible()
    look(page, "unsent")
    sign_in_again(page, learner.clerk_id)
    expect(page.get_by_role("heading", level=1)).to_have_text("Send what you wrote")
    expect(page.get_by_label("Qualifications")).to_have_value("Diploma")
    assert applications(api, learner) == []
    look(page, "unsent-signed-in")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url(f"{api.url}/mentor/apply")
    assert applications(api, learner) == [TEXT]
    assert page.locator('[role="status"]').count() == 1


def test_every_form_of_a_learner_keeps_its_texts(browser: Browser, api: Server) -> None:
    learner = add_learner(api)
    subject_id, _ = add_subject(api)
    own, (topic_id,) = add_subject(api)
    api.execute(
        "insert into enrollments (id, user_id, subject_id, status) values (%s, %s, %s, 'APPROVED')",
        *(f"e{learner.id}"[:40], learner.id, own),
    )
    forms = {
        f"/subjects/{subject_id}": ("Message to the school", "Request to enroll"),
        f"/topics/{topic_id}": ("My note", "Save note"),
        "/me": ("Last name", "Save"),
    }
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path, (label, button) in forms.items():
        sign_in(page, api, learner.clerk_id, path)
        if "subjects" in path:
            page.get_by_text("Add a message").click()
        page.get_by_label(label).fill("Kept 7")
        expire(api, learner)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator("textarea", has_text="Kept 7")).to_be_visible()
        sign_in_again(page, learner.clerk_id)
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_url(re.compile(f"^{re.escape(api.url + path)}"))
    context.close()
    requests = api.get("/api/enrollment/me", as_=learner.clerk_id).json()["data"]
    assert {each["message"] for each in requests if each["subjectId"] == subject_id} == {"Kept 7"}
    note = api.get(f"/api/notes/topics/{topic_id}", as_=learner.clerk_id).json()["data"]
    assert note["content"] == "Kept 7"
    profile = api.get("/api/auth/profile", as_=learner.clerk_id).json()["data"]
    assert profile["lastName"] == "Kept 7"


def test_a_topic_is_kept_without_its_files(browser: Browser, api: Server) -> None:
    subject_id, _ = add_subject(api)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, api, "user_mentor", f"/teach/topics/new?subject={subject_id}")
    page.get_by_label("Title").fill("Kept topic")
    page.get_by_label("Text").fill("About fractions")
    file = {"name": "Worksheet.txt", "mimeType": "text/plain", "buffer": b"one half"}
    page.locator('input[type="file"]').first.set_input_files(file)  # type: ignore[arg-type]
    api.execute("delete from web_sessions where user_id = %s", api.user_id("mentor"))
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("Files are not kept.")).to_be_visible()
    sign_in_again(page, "user_mentor")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_label("Title")).to_have_value("Kept topic")
    expect(page.get_by_label("Text")).to_have_value("About fractions")
    context.close()


def test_texts_are_back_in_their_form_for_the_same_person_only(page: Page, api: Server) -> None:
    """Who signs in on the way of their own, not on the page that keeps the form."""
    learner, other = add_learner(api), add_learner(api)
    sign_in(page, api, learner.clerk_id, "/mentor/apply")
    page.get_by_label("Why do you want to teach?").fill(TEXT)
    page.context.clear_cookies()  # as after 30 days
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to send this")
    field = page.get_by_label("Why do you want to teach?")
    sign_in(page, api, other.clerk_id, "/mentor/apply")
    expect(field).to_have_value("")
    sign_in(page, api, learner.clerk_id, "/mentor/apply")
    expect(field).to_have_value(TEXT)
    said(page, "What you wrote before is here again.")
    page.reload()
    expect(field).to_have_value("")


def test_a_form_of_the_person_before_says_who_is_signed_in(
    context: BrowserContext, api: Server
) -> None:
    """Two tabs with two people."""
    first, second, page = add_learner(api), add_learner(api), context.new_page()
    sign_in(page, api, first.clerk_id, "/mentor/apply")
    page.get_by_label("Why do you want to teach?").fill(TEXT)
    sign_in(context.new_page(), api, second.clerk_id)
    with page.expect_response("**/mentor/apply") as answer:
        page.get_by_role("button", name="Send application").click()
    assert answer.value.status == 403
    name = signed_in(api, second.clerk_id).get("/me").text
    assert "You are signed in as" in page.content()
    assert re.search(r"Account of [^<]+", name)
    expect(page.get_by_label("Why do you want to teach?")).to_have_value(TEXT)
    assert applications(api, first) == applications(api, second) == []


def test_nothing_of_a_page_is_saved_for_another_person(
    page: Page, api: Server, lesson: Lesson
) -> None:
    """Two tabs with two people: the note and the video of the first are not the second's."""
    first, second = (add_learner(api, lesson.subject_id) for _ in range(2))
    sign_in(page, api, first.clerk_id, lesson.path)
    other = page.context.new_page()
    sign_in(other, api, second.clerk_id, lesson.path)
    page.get_by_label("My note").fill("Between Ama and Ama")
    expect(page.get_by_role("status")).to_contain_text(OTHERS)
    page.locator("video").evaluate("video => { video.muted = true; return video.play() }")
    until(page, lambda: page.locator("video").evaluate("video => video.currentTime > 0.5"))
    page.locator("video").evaluate("video => video.pause()")
    page.wait_for_timeout(500)
    for who in (first, second):
        path = f"topics/{lesson.topics[0]}"
        assert api.get(f"/api/notes/{path}", as_=who.clerk_id).status_code == 404
        progress = api.get(f"/api/progress/{path}", as_=who.clerk_id).json()["data"]
        assert progress["status"] == "NOT_STARTED"
    expect(page.locator("form [data-saved]")).to_have_text("Saved on this device")
    other.goto(f"{api.url}{lesson.path}")
    expect(other.get_by_label("My note")).to_have_value("")
    # The first person signs in again: text and progress arrive.
    page.get_by_role("status").get_by_role("button", name="Sign in").click()
    sign_in_again(page, first.clerk_id)
    page.wait_for_url(f"{api.url}{lesson.path}")
    expect(page.get_by_label("My note")).to_have_value("Between Ama and Ama")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")
    path = f"/api/progress/topics/{lesson.topics[0]}"
    until(page, lambda: api.get(path, as_=first.clerk_id).json()["data"]["positionSeconds"] > 0)


def test_a_note_waits_on_the_device_until_its_author_signs_in(
    page: Page, api: Server, lesson: Lesson
) -> None:
    learner = add_learner(api, lesson.subject_id)
    sign_in(page, api, learner.clerk_id, lesson.path)
    expire(api, learner)
    page.get_by_label("My note").fill("The numerator is on top")
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    page.get_by_role("status").get_by_role("button", name="Sign in").click()
    sign_in_again(page, learner.clerk_id)
    page.wait_for_url(f"{api.url}{lesson.path}")
    expect(page.get_by_label("My note")).to_have_value("The numerator is on top")
    expect(page.locator("form [data-saved]")).to_have_text("Saved")


def test_only_forms_of_this_server_are_shown_again(api: Server) -> None:
    """No other site can fill the page: without an origin there is none, and a path is relative."""
    visitor = signed_in(api, add_learner(api).clerk_id)
    text = {"motivation": "Planted text"}
    assert "Planted" not in visitor.post("/mentor/apply", None, form_token="x", **text).text
    other = visitor.post("/mentor/apply", "https://evil.example", form_token="x", **text)
    assert other.status_code == 403
    assert "Planted" not in other.text
    assert Visitor(api).post("/mentor/apply", **text).status_code == 303
    stranger = Visitor(api, **{"Sec-Fetch-Mode": "navigate"})
    sent = stranger.post("/mentor/apply", "https://evil.example", **text)
    assert (sent.status_code, "Planted" in sent.text) == (403, False)
    kept = stranger.post("/mentor/apply", **text)
    assert (kept.status_code, kept.headers["cache-control"]) == (401, "no-store")
    for path in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        sent = stranger.post("/sign-in", unsent_path=path, person=add_learner(api).clerk_id)
        assert sent.status_code == 303
    # A form in which nothing was written: back to its page after sign-in.
    headers = {"Origin": api.url, "Referer": f"{api.url}/requests"}
    sent = Visitor(api).client.post("/requests/x/withdraw", headers=headers, data={"a": "b"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/requests")


def test_a_token_is_for_the_user_of_the_page(api: Server) -> None:
    first, second = add_learner(api), add_learner(api)
    visitor = signed_in(api, first.clerk_id)
    for user, status in ((first.id, 200), (second.id, 409), ("", 409)):
        headers = {"Origin": api.url, "X-Akako-User": user}
        assert visitor.client.post("/session/token", headers=headers).status_code == status
