"""What people do on a page before its script has come, as on a slow line, counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.learning.school import add_learner
from tests.parts.server import Server
from tests.web.announcements import said
from tests.web.composing import choose, mentor_page, new_files, new_subject, topics_of
from tests.web.lessons import Lesson, sign_in, until

pytestmark = pytest.mark.processes


@contextmanager
def before_script(page: Page, name: str, address: str) -> Iterator[None]:
    """Open a page; its script comes at the end of the block."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/{name}-*.js", hold)
    page.goto(address, wait_until="commit")
    until(page, lambda: held)
    yield
    page.unroute_all()  # and what is held continues


def test_a_note_typed_early_is_saved(page: Page, api: Server, lesson: Lesson) -> None:
    who = add_learner(api, lesson.subject_id).clerk_id
    sign_in(page, api, who)
    with before_script(page, "topic", f"{api.url}{lesson.path}"):
        page.get_by_label("My note").fill("Typed early")
    path = f"/api/notes/topics/{lesson.topics[0]}"
    until(page, lambda: api.get(path, as_=who).status_code == 200)
    assert api.get(path, as_=who).json()["data"]["content"] == "Typed early"
    # The browser does not bring the text of an old visit back into a newer note.
    page.goto(f"{api.url}/home")
    newer = {"content": "Newer", "sharedWithMentor": False}
    tag = {"If-Match": api.get(path, as_=who).headers["etag"]}
    assert api.put(path, as_=who, json=newer, headers=tag).status_code == 200
    page.go_back()
    expect(page.get_by_label("My note")).to_have_value("Newer")
    assert api.get(path, as_=who).json()["data"]["content"] == "Newer"


def test_files_chosen_early_are_uploaded(browser: Browser, api: Server, tmp_path: Path) -> None:
    subject = new_subject(api, "Slow scripts")
    page = mentor_page(browser, api)
    with before_script(page, "uploader", f"{api.url}/teach/topics/new?subject={subject}"):
        page.get_by_label("Title", exact=True).fill("Early")
        choose(page, new_files(tmp_path))
    page.get_by_role("button", name="Publish").click()
    said(page, "Published.")
    [topic] = topics_of(api, subject)
    assert (topic["name"], topic["hasVideo"], topic["documentCount"]) == ("Early", True, 3)
    page.context.close()
