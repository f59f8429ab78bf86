"""Captions in the composer: the hint about them, their language, and formats that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.parts.server import Server
from tests.web.composing import choose, mentor_page, new_files, new_subject, topic_of

pytestmark = pytest.mark.processes

HINT = "No captions: people who cannot hear the video"
WEBVTT = "WEBVTT\n\n00:00.000 --> 00:05.000\nHalf of it\n"


def caption_files(folder: Path) -> list[Path]:
    """Write captions, a text under their extension, and captions of another format."""
    contents = {
        "lesson.fr.vtt": WEBVTT,
        "wrong.vtt": "Half of it",
        "lesson.srt": "1\n00:00:00,000 --> 00:00:05,000\nHalf of it\n",
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in contents]


def open_new(browser: Browser, api: Server, subject: str, **options: Any) -> Page:
    path = f"/teach/topics/new?subject={new_subject(api, subject)}"
    page = mentor_page(browser, api, **options)
    page.goto(f"{api.url}{path}")
    return page


def test_the_hint_about_captions_goes_when_they_are_there(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    page = open_new(browser, api, "Chemistry")
    [video, _] = new_files(tmp_path, documents=1)
    [captions, wrong, other] = caption_files(tmp_path)
    choose(page, [video])
    expect(page.get_by_text(HINT)).to_be_visible()
    choose(page, [wrong, other])
    rows = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    for place, name in ((1, "wrong.vtt"), (2, "lesson.srt")):
        refused = f"{name} was not added: captions have to be a WebVTT file (.vtt)."
        expect(rows.nth(place)).to_contain_text(refused)
    expect(page.get_by_text(HINT)).to_be_visible()
    choose(page, [captions])
    expect(page.get_by_text(HINT)).to_be_hidden()
    expect(page.get_by_text("No documents: a worksheet")).to_be_visible()
    expect(rows.nth(3)).to_contain_text("Uploaded")
    page.reload()
    expect(page.locator("#stored")).to_contain_text("Captions: Français, VTT, ")
    expect(page.get_by_text(HINT)).to_be_hidden()
    assert [each["mimeType"] for each in topic_of(api, page)["documents"]] == ["text/vtt"]
    page.get_by_role("button", name="Remove lesson.fr.vtt").click()
    expect(page.get_by_text(HINT)).to_be_visible()
    page.context.close()


def test_captions_are_added_without_script(browser: Browser, api: Server, tmp_path: Path) -> None:
    page = open_new(browser, api, "Optics", java_script_enabled=False)
    page.get_by_label("Title", exact=True).fill("Light")
    [video, _] = new_files(tmp_path, documents=1)
    page.get_by_label("Choose files").set_input_files([video, *caption_files(tmp_path)])
    page.get_by_role("button", name="Publish").click()
    for name in ("wrong.vtt", "lesson.srt"):
        refused = f"{name} was not added: captions have to be a WebVTT file (.vtt)."
        expect(page.get_by_text(refused).first).to_be_visible()
    expect(page.locator("#stored")).to_contain_text("Captions: Français, VTT, ")
    expect(page.get_by_text(HINT)).to_be_hidden()
    page.context.close()
