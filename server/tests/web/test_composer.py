"""Mentors compose a topic on one page: drafts, files, preview, publishing, order, undo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import StartServer
from tests.factories import create_topic
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.composing import (
    COUNT_CLICKS,
    choose,
    clicks,
    mentor_page,
    new_files,
    new_subject,
    topic_of,
    topics_of,
)
from tests.web.lessons import until
from tests.web.visitors import Visitor

pytestmark = pytest.mark.processes

MIB = 1024 * 1024


def test_a_topic_with_video_and_documents_takes_four_clicks(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    subject = new_subject(api, "Botany")
    page = mentor_page(browser, api)
    page.add_init_script(COUNT_CLICKS)
    page.reload()
    page.get_by_role("link", name="Botany", exact=True).click()
    page.get_by_role("button", name="New topic").click()
    page.get_by_label("Title", exact=True).fill("Leaves")
    choose(page, new_files(tmp_path))
    page.get_by_role("button", name="Publish").click()
    said(page, "Published.")
    made = clicks(page)
    assert len(made) <= 4, made
    [topic] = topics_of(api, subject)
    assert (topic["name"], topic["isActive"]) == ("Leaves", True)
    assert (topic["hasVideo"], topic["documentCount"]) == (True, 3)
    page.context.close()


def new_topic(page: Page, api: Server, subject: str) -> None:
    page.goto(f"{api.url}/teach/topics/new?subject={subject}")


def test_a_draft_is_saved_from_the_first_character(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Drafts")
    page = mentor_page(browser, api)
    new_topic(page, api, subject)
    page.get_by_label("Title", exact=True).press_sequentially("L")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.get_by_label("Text", exact=True).fill("Roots and **leaves**")
    until(page, lambda: topic_of(api, page)["content"] == "Roots and **leaves**")
    page.reload()
    expect(page.get_by_label("Title", exact=True)).to_have_value("L")
    page.goto(f"{api.url}/teach/subjects/{subject}")
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="L", exact=True))
    expect(row).to_contain_text("Draft")
    page.context.close()


def test_changes_of_a_published_topic_wait_for_publish(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Changes")
    with api.db() as db:
        topic = create_topic(db, subject_id=subject).id
    page = mentor_page(browser, api, f"/teach/topics/{topic}")
    page.get_by_label("Text", exact=True).fill("A better text")
    expect(page.get_by_text("Changes are not published yet.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value("A better text")
    assert topic_of(api, page)["content"] == ""
    page.get_by_role("button", name="Publish").click()
    said(page, "Published.")
    assert topic_of(api, page)["content"] == "A better text"
    page.get_by_role("button", name="Save as draft").click()
    said(page, "Saved as draft.")
    assert not topic_of(api, page)["isActive"]
    page.context.close()


def test_a_title_is_required_and_unique(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Titles")
    with api.db() as db:
        name = create_topic(db, subject_id=subject).id
        db.execute("update topics set name = 'Leaves', name_key = 'leaves' where id = %s", (name,))
    page = mentor_page(browser, api)
    new_topic(page, api, subject)
    title = page.get_by_label("Title", exact=True)
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#title-error")).to_have_text("Enter a title.")
    expect(title).to_be_focused()
    title.fill("Leaves")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#title-error")).to_contain_text("Enter another title")
    title.fill("Leaves in winter")
    page.get_by_role("button", name="Publish").click()
    said(page, "Published.")
    assert topic_of(api, page)["name"] == "Leaves in winter"
    page.context.close()


def test_the_preview_shows_what_learners_see(browser: Browser, api: Server) -> None:
    subject = new_subject(api, "Previews")
    for script in (True, False):
        page = mentor_page(browser, api, java_script_enabled=script)
        new_topic(page, api, subject)
        page.get_by_label("Title", exact=True).fill("Seeds")
        page.get_by_label("Text", exact=True).fill("Seeds **grow** <script>alert(1)</script>")
        page.get_by_role("button", name="Preview").click()
        shown = page.get_by_role("region", name="Preview")
        expect(shown.locator("strong")).to_have_text("grow")
        expect(shown).to_contain_text("<script>alert(1)</script>")
        expect(page.get_by_label("Title", exact=True)).to_have_value("Seeds")
        if script:
            page.get_by_label("Text", exact=True).fill("A *new* text")
            expect(shown.locator("em")).to_have_text("new")
        page.context.close()


def test_a_topic_is_published_with_the_keyboard(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    subject = new_subject(api, "Keyboard")
    page = mentor_page(browser, api, f"/teach/subjects/{subject}")
    press_on(page, "New topic")
    page.wait_for_url("**/teach/topics/new?*")
    tab_to(page, "Title")
    page.keyboard.type("Stones")
    page.keyboard.press("Tab")
    page.keyboard.type("Hard and soft stones")
    with page.expect_file_chooser() as chooser:
        press_on(page, "Choose files")
    chooser.value.set_files(new_files(tmp_path))
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(4)
    press_on(page, "Publish")
    said(page, "Published.")
    assert page.evaluate("document.activeElement.textContent") == "Publish"
    [topic] = topics_of(api, subject)
    assert (topic["isActive"], topic["hasVideo"], topic["documentCount"]) == (True, True, 3)
    page.context.close()


NAME = """
document.activeElement.labels && document.activeElement.labels.length
    ? document.activeElement.labels[0].textContent : document.activeElement.textContent
"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on the element with this name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if str(page.evaluate(NAME)).strip() == name:
            return
    raise AssertionError(name)


def press_on(page: Page, name: str) -> None:
    tab_to(page, name)
    page.keyboard.press("Enter")


def test_files_are_uploaded_and_published_without_script(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    subject = new_subject(api, "Plain pages")
    page = mentor_page(browser, api, java_script_enabled=False)
    page.goto(f"{api.url}/teach/subjects/{subject}")
    page.get_by_role("button", name="New topic").click()
    page.get_by_label("Title", exact=True).fill("Rivers")
    page.get_by_label("Text", exact=True).fill("Line one\nLine two")
    page.get_by_label("Choose files").set_input_files(new_files(tmp_path))
    page.get_by_role("button", name="Publish").click()
    said(page, "Published.")
    [topic] = topics_of(api, subject)
    assert (topic["isActive"], topic["hasVideo"], topic["documentCount"]) == (True, True, 3)
    assert topic_of(api, page)["content"] == "Line one\nLine two"
    page.get_by_role("button", name="Remove worksheet-2.txt").click()
    expect(page.get_by_role("link", name="worksheet-2.txt")).to_have_count(0)
    page.get_by_role("button", name="Save as draft").click()
    said(page, "Saved as draft.")
    assert not topic_of(api, page)["isActive"]
    page.context.close()


def test_a_file_that_is_too_large_is_refused_with_the_limit(
    browser: Browser, start_server: StartServer, tmp_path: Path
) -> None:
    limits = {f"AKAKO_MAX_{kind}_BYTES": str(MIB) for kind in ("DOCUMENT", "VIDEO")}
    api = start_server(limits)
    subject = new_subject(api, "Limits")
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text("small", encoding="utf-8")
    large.write_text("large " * 400_000, encoding="utf-8")
    for script in (False, True):
        page = mentor_page(browser, api, java_script_enabled=script)
        new_topic(page, api, subject)
        page.get_by_label("Title", exact=True).fill(f"Large {script}")
        page.get_by_label("Choose files").set_input_files([large, small])
        words = "large.txt is too large. The limit is 1 MB. Choose a smaller file."
        if script:
            expect(page.get_by_role("listitem").filter(has_text=words)).to_be_visible()
            expect(page.get_by_text("Uploaded", exact=True)).to_have_count(1)
        else:
            with page.expect_response(re.compile("/teach/topics/new$")) as response:
                page.get_by_role("button", name="Publish").click()
            assert response.value.status == 413
            expect(page.get_by_role("alert")).to_contain_text(words)
            expect(page.get_by_role("link", name="small.txt")).to_be_visible()
        page.context.close()
    mentor = Visitor(api, "user_mentor")
    path = f"/teach/topics/{topics_of(api, subject)[0]['id']}"
    huge = {"files": ("huge.txt", b"x" * 24 * MIB)}
    refused = mentor.send(path, {"title": "Huge", "save": "publish"}, files=huge)
    assert refused.status_code == 413
    assert "The limit is 1 MB." in refused.text
    first, second = topics_of(api, subject)
    assert not first["isActive"]
    assert (first["documentCount"], second["documentCount"]) == (1, 1)
    with api.db() as db:
        [stored] = db.execute("select count(*) from documents").fetchall()
    assert stored == (2,)
