"""Mentors compose a topic on one page: drafts, files, preview, publishing, order, undo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.parts.server import Server
from tests.web.composing import (
    COUNT_CLICKS,
    choose,
    clicks,
    mentor_page,
    new_files,
    new_subject,
    topics_of,
)

pytestmark = pytest.mark.processes


def status_of(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("status")).to_contain_text(text, timeout=15_000)


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
    status_of(page, "Published.")
    made = clicks(page)
    assert len(made) <= 4, made
    [topic] = topics_of(api, subject)
    assert (topic["name"], topic["isActive"]) == ("Leaves", True)
    assert (topic["hasVideo"], topic["documentCount"]) == (True, 3)
    page.context.close()
