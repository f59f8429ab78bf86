"""A mentor at the composer: subject, files on the disk, and a browser that counts clicks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.factories import create_subject
from tests.parts.server import Server
from tests.web.lessons import film, sign_in

# Runs in every page before its own scripts. Clicks by keyboard count too.
COUNT_CLICKS = """
document.addEventListener('click', event => {
  if (!event.isTrusted) return;
  const names = JSON.parse(sessionStorage.clicks || '[]');
  const target = event.target.closest('a, button, input, label, summary') || event.target;
  names.push(target.tagName + ' ' + (target.textContent || target.value || target.id).trim());
  sessionStorage.clicks = JSON.stringify(names);
}, true);
"""


def new_subject(api: Server, name: str) -> str:
    with api.db() as db:
        return create_subject(db, mentor_id=api.user_id("mentor"), name=name).id


def new_files(folder: Path, *, documents: int = 3) -> list[Path]:
    """Write a video that browsers can play, and documents; return their paths."""
    video = folder / "lesson.mp4"
    video.write_bytes(film(folder))
    paths = [video]
    for number in range(1, documents + 1):
        path = folder / f"worksheet-{number}.txt"
        path.write_text(f"Worksheet {number}\n" * 50, encoding="utf-8")
        paths.append(path)
    return paths


def mentor_page(browser: Browser, api: Server, path: str = "/teach", **options: Any) -> Page:
    """Open a page for the mentor; dialogs and errors of the script fail the test."""
    page = browser.new_context(**options).new_page()
    page.on("pageerror", lambda error: page.evaluate("e => { window.failed = e }", str(error)))
    sign_in(page, api, "user_mentor", path)
    return page


def clicks(page: Page) -> list[str]:
    """Return what was clicked since the page was opened with COUNT_CLICKS."""
    found: list[str] = json.loads(page.evaluate("sessionStorage.clicks || '[]'"))
    return found


def choose(page: Page, paths: list[Path]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(paths)


def topics_of(api: Server, subject_id: str) -> list[dict[str, Any]]:
    path = f"/api/education/subjects/{subject_id}/topics"
    found: list[dict[str, Any]] = api.get(path, as_="mentor").json()["data"]
    return found


def topic_of(api: Server, page: Page) -> dict[str, Any]:
    """Return the topic that the composer shows."""
    topic_id = page.url.partition("?")[0].rpartition("/")[2]
    found: dict[str, Any] = api.get(f"/api/education/topics/{topic_id}", as_="mentor").json()[
        "data"
    ]
    return found
