"""The files of a topic in the composer: names that can be edited, and removal with undo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.library.school import Topic, add_topic, put_video, sweep, upload, uploaded
from tests.parts.browser import overflow, take_picture, violations
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.composing import choose, mentor_page, new_files, new_subject, topic_of
from tests.web.lessons import until

pytestmark = pytest.mark.processes


def file_name(api: Server, topic_id: str) -> str:
    video = api.get(f"/api/education/topics/{topic_id}/video", as_="mentor")
    found = re.search(r'filename="([^"]*)"', video.headers["content-disposition"])
    assert found
    return found[1]


def test_the_name_of_a_video_is_edited_in_its_row(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    page = mentor_page(browser, api)
    page.goto(f"{api.url}/teach/topics/new?subject={new_subject(api, 'Films')}")
    choose(page, new_files(tmp_path))
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(4)
    boxes = page.get_by_role("list", name="Uploads").get_by_role("textbox")
    expect(boxes).to_have_count(4)
    name = page.get_by_label("Name of lesson.mp4")
    name.fill("Adding fractions")
    name.press("Tab")
    expect(name).to_have_value("Adding fractions.mp4")
    topic_id = str(topic_of(api, page)["id"])
    assert file_name(api, topic_id) == "Adding fractions.mp4"
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) <= 0
        take_picture(page, f"composer-uploaded-{width}")
    assert not violations(page)
    page.reload()
    stored = page.locator("#stored")
    expect(stored).to_contain_text("Adding fractions.mp4")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        take_picture(page, f"composer-stored-{width}")
    page.context.close()


@pytest.fixture
def topic(api: Server) -> Topic:
    made = add_topic(api)
    for name in ("first.txt", "second.txt", "third.txt"):
        uploaded(upload(api, made, name))
    return made


def test_a_stored_document_is_removed_and_comes_back(
    browser: Browser, api: Server, topic: Topic
) -> None:
    page = mentor_page(browser, api, f"/teach/topics/{topic.id}")
    rows = page.locator("#stored li")
    page.get_by_role("button", name="Remove second.txt").click()
    status = page.get_by_role("status")
    expect(status).to_contain_text("second.txt was removed.")
    expect(status).to_contain_text(re.compile(r"\(([12]?\d|30) s\)"))
    expect(rows).to_have_count(2)
    assert topic_of(api, page)["documentCount"] == 2
    page.get_by_role("button", name="Undo").click()
    said(page, "second.txt is back.")
    expect(rows.nth(1)).to_contain_text("second.txt")
    expect(page.get_by_role("button", name="Remove second.txt")).to_be_focused()
    assert [each["name"] for each in topic_of(api, page)["documents"]] == [
        "first.txt",
        "second.txt",
        "third.txt",
    ]
    page.get_by_role("button", name="Remove third.txt").click()
    expect(rows).to_have_count(2)
    sweep(api)  # the minute is over
    page.get_by_role("button", name="Undo").click()
    said(page, "third.txt could not be brought back. Choose the file again.")
    page.context.close()


def test_without_script_a_removal_is_undone_by_a_form(
    browser: Browser, api: Server, topic: Topic
) -> None:
    path = f"/teach/topics/{topic.id}"
    page = mentor_page(browser, api, path, java_script_enabled=False)
    page.get_by_role("button", name="Remove second.txt").click()
    expect(page.get_by_role("status")).to_contain_text("The document was removed.")
    assert topic_of(api, page)["documentCount"] == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("second.txt is back.")
    expect(page.locator("#stored")).to_contain_text("second.txt")
    page.get_by_role("button", name="Remove first.txt").click()
    sweep(api)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The document could not be brought back.").first).to_be_visible()
    expect(page.locator("#stored li")).to_have_count(2)
    page.context.close()


def test_a_finished_upload_comes_back_as_it_was(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    page = mentor_page(browser, api)
    page.goto(f"{api.url}/teach/topics/new?subject={new_subject(api, 'Undo')}")
    [_, worksheet] = new_files(tmp_path, documents=1)
    choose(page, [worksheet])
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(1)
    page.get_by_label(f"Name of {worksheet.name}").fill("Monday")
    page.get_by_label(f"Name of {worksheet.name}").press("Tab")
    until(page, lambda: topic_of(api, page)["documents"][0]["name"] == "Monday")
    before = topic_of(api, page)["documents"]
    page.get_by_role("button", name=f"Remove {worksheet.name}").click()
    until(page, lambda: topic_of(api, page)["documentCount"] == 0)
    page.get_by_role("button", name="Undo").click()
    said(page, "Monday is back.")
    assert topic_of(api, page)["documents"] == before
    page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_stored_files_are_renamed(
    browser: Browser, api: Server, topic: Topic, script: bool
) -> None:
    uploaded(put_video(api, topic, name="VID_0001.mp4"))
    page = mentor_page(browser, api, f"/teach/topics/{topic.id}", java_script_enabled=script)
    for old, typed, new in (
        ("second.txt", "Monday", "Monday"),
        ("VID_0001.mp4", "Fractions", "Fractions.mp4"),
    ):
        page.locator("summary", has_text=f"Rename {old}").click()
        page.get_by_label(f"Name of {old}").fill(typed)
        row = page.locator("#stored li", has_text=old)
        row.get_by_role("button", name="Save name").click()
        expect(page.get_by_role("link", name=f"{new} (opens in a new tab)")).to_be_visible()
        expect(page.get_by_role("button", name=f"Remove {new}")).to_be_visible()
    assert "Monday" in [each["name"] for each in topic_of(api, page)["documents"]]
    assert file_name(api, topic.id) == "Fractions.mp4"
    if script:
        said(page, "The name is now Fractions.mp4.")
        page.locator("summary", has_text="Rename first.txt").click()
        field = page.get_by_label("Name of first.txt")
        field.fill("Tuesday")
        field.press("Enter")
        expect(page.get_by_role("link", name="Tuesday (opens in a new tab)")).to_be_visible()
        expect(page.locator("summary", has_text="Rename Tuesday")).to_be_focused()
        page.locator("summary", has_text="Rename Tuesday").click()
        assert not violations(page)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) <= 0
            take_picture(page, f"composer-rename-{width}")
    page.context.close()
