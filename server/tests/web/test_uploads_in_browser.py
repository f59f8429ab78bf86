"""Uploads through the composer over a line that breaks, in a page that is reloaded."""

from __future__ import annotations

import hashlib
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.parts.browser import profile
from tests.parts.server import Server
from tests.parts.tcp_proxy import TcpProxy
from tests.web.announcements import record, said
from tests.web.composing import choose, mentor_page, new_files, new_subject, topic_of, topics_of
from tests.web.lessons import film, until

pytestmark = pytest.mark.processes

MB = 1_000_000
LARGE_BYTES = 200 * MB
WAIT_MS = 60_000


class Line(TcpProxy):
    """A line to the server that counts what the browser sends."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.sent = 0
        self.watch = self._count

    def _count(self, piece: bytes) -> None:
        self.sent += len(piece)


@pytest.fixture
def line(api: Server) -> Iterator[Line]:
    with Line(api.port) as proxy:
        yield proxy


def large_video(folder: Path, size: int) -> Path:
    """Write a video of `size` bytes: a short film, and then bytes that players skip."""
    path = folder / "large lesson.mp4"
    head = film(folder)
    rest = size - len(head)
    with path.open("wb") as file:
        file.write(head)
        # An atom of type `free` with a size of 64 bits.
        file.write((1).to_bytes(4) + b"free" + rest.to_bytes(8))
        block = random.Random(1).randbytes(MB)
        for left in range(rest - 16, 0, -MB):
            file.write(block[: min(left, MB)])
    return path


def open_composer(browser: Browser | BrowserContext, line: TcpProxy, subject: str) -> Page:
    page = browser.new_page()
    record(page)
    url = f"http://127.0.0.1:{line.port}"
    page.goto(f"{url}/sign-in?next=/teach/topics/new?subject={subject}")
    page.get_by_label("Another person").fill("user_mentor")
    page.get_by_label("Another person").press("Enter")
    page.wait_for_url(f"{url}/teach/topics/new?subject={subject}")
    return page


def percent(page: Page, name: str) -> float:
    """Return how much of a file is uploaded; the bar is removed when all of it is."""
    row = page.get_by_role("listitem").filter(has_text=name)
    if row.get_by_text("Uploaded", exact=True).count():
        return 100
    bar = page.get_by_role("progressbar", name=name)
    return float(bar.get_attribute("value") or 0) if bar.count() else 0


def wait_for_percent(page: Page, name: str, least: float) -> None:
    until(page, lambda: percent(page, name) >= least, 60)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.timeout(300)
def test_a_large_upload_survives_five_cuts_and_two_reloads(
    browser: Browser, api: Server, line: Line, tmp_path: Path
) -> None:
    subject = new_subject(api, "Astronomy")
    video = large_video(tmp_path, LARGE_BYTES)
    [_, worksheet] = new_files(tmp_path, documents=1)
    page = open_composer(browser, line, subject)
    page.get_by_label("Title", exact=True).fill("The moon")
    choose(page, [worksheet, video])
    before = line.sent
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Will publish when the video is in")
    line.delay = 0.005  # for each 64 KB: a percentage stays long enough to be seen
    for number in range(1, 6):
        wait_for_percent(page, video.name, number * 13)
        line.drop()
        if number in (2, 4):
            page.reload()
            # A person may choose the files again; what is there stays what it is.
            choose(page, [worksheet, video])
    line.delay = 0
    said(page, "Published.", WAIT_MS / 1000)
    sent = line.sent - before
    sys.stdout.write(f"{sent / LARGE_BYTES:.3f} times the file was sent\n")
    topic = topic_of(api, page)
    assert topic["isActive"]
    assert topic["documentCount"] == 1
    assert len(topics_of(api, subject)) == 1
    with api.db() as db:
        rows = db.execute(
            "select video_size, video_sha256, video_version from topics where id = %s",
            (topic["id"],),
        ).fetchall()
    assert rows == [(LARGE_BYTES, sha256_of(video), 1)]
    assert LARGE_BYTES <= sent <= 1.4 * LARGE_BYTES, sent
    page.close()


def test_progress_is_shown_in_words_and_can_be_paused(
    browser: Browser, api: Server, line: Line, tmp_path: Path
) -> None:
    subject = new_subject(api, "Geology")
    video = large_video(tmp_path, 6 * MB)
    page = open_composer(browser, line, subject)
    line.delay = 0.1  # for each 64 KB
    choose(page, [video])
    row = page.get_by_role("listitem").filter(has_text=video.name)
    expect(row.get_by_text(re.compile(r"^[1-9]\d? % · \d+ (s|min) left$"))).to_be_visible()
    seen = {percent(page, video.name)}

    def grows() -> bool:
        seen.add(percent(page, video.name))
        return len(seen) >= 3

    until(page, grows)
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused at")
    expect(row.get_by_role("button", name="Resume")).to_be_focused()
    line.delay = 0
    page.reload()
    expect(row).to_contain_text("Paused at")
    row.get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("Uploaded")
    assert topic_of(api, page)["hasVideo"]
    page.close()


def test_an_upload_goes_on_after_the_browser_was_restarted(
    browser: Browser, api: Server, line: Line, tmp_path: Path
) -> None:
    video = large_video(tmp_path, 6 * MB)
    person = profile(browser, tmp_path / "profile")
    page = open_composer(person, line, new_subject(api, "History"))
    before, line.delay = line.sent, 0.1
    choose(page, [video])
    wait_for_percent(page, video.name, 20)
    address = page.url
    person.close()
    line.delay = 0
    person = profile(browser, tmp_path / "profile")
    page = person.new_page()
    page.goto(address)
    row = page.get_by_role("listitem").filter(has_text=video.name)
    expect(row).to_contain_text("Uploaded", timeout=WAIT_MS)
    assert line.sent - before <= 1.4 * 6 * MB
    assert topic_of(api, page)["hasVideo"]
    person.close()


def test_a_lost_line_is_said_and_tried_again(
    browser: Browser, api: Server, line: Line, tmp_path: Path
) -> None:
    page = open_composer(browser, line, new_subject(api, "Music"))
    line.delay = 0.1
    video = large_video(tmp_path, 6 * MB)
    choose(page, [video])
    wait_for_percent(page, video.name, 5)
    line.refuse()
    line.drop()
    row = page.get_by_role("listitem").filter(has_text=video.name)
    expect(row).to_contain_text("Connection lost")
    # While the line refuses, each attempt ends with the button again.
    row.get_by_role("button", name="Retry").click()
    line.accept()
    line.delay = 0
    expect(row).to_contain_text("Uploaded", timeout=WAIT_MS)
    page.close()


def test_a_document_gets_the_name_that_is_typed_beside_it(
    browser: Browser, api: Server, line: Line, tmp_path: Path
) -> None:
    page = open_composer(browser, line, new_subject(api, "Names"))
    line.delay = 0.5  # for each 64 KB
    slow, quick = tmp_path / "slow.txt", tmp_path / "quick.txt"
    slow.write_text("slow " * 100_000, encoding="utf-8")
    quick.write_text("quick", encoding="utf-8")
    choose(page, [slow])
    wait_for_percent(page, slow.name, 1)
    page.get_by_label("Name of slow.txt").fill("Reading for Monday")
    line.delay = 0
    choose(page, [quick])
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(2)
    page.get_by_label("Name of quick.txt").fill("Answers")
    page.get_by_label("Name of quick.txt").press("Tab")

    def names() -> list[str]:
        return sorted(str(each["name"]) for each in topic_of(api, page)["documents"])

    until(page, lambda: names() == ["Answers", "Reading for Monday"])
    page.close()


def test_an_upload_is_removed_and_the_removal_undone(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    page = mentor_page(browser, api)
    page.goto(f"{api.url}/teach/topics/new?subject={new_subject(api, 'Arts')}")
    [_, worksheet] = new_files(tmp_path, documents=1)
    choose(page, [worksheet])
    row = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(row).to_contain_text("Uploaded")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    until(page, lambda: topic_of(api, page)["documentCount"] == 0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("Uploaded")
    until(page, lambda: topic_of(api, page)["documentCount"] == 1)
    page.context.close()


def test_refused_files_say_why_and_what_to_do(
    browser: Browser, api: Server, tmp_path: Path
) -> None:
    page = mentor_page(browser, api)
    page.goto(f"{api.url}/teach/topics/new?subject={new_subject(api, 'Law')}")
    files = [tmp_path / "program.exe", tmp_path / "empty.pdf", tmp_path / "one.mp4"]
    files[0].write_bytes(b"MZ")
    files[1].write_bytes(b"")
    files[2].write_bytes(film(tmp_path))
    [second, *_] = new_files(tmp_path)
    choose(page, [*files, second])
    rows = page.get_by_role("list", name="Uploads").get_by_role("listitem")
    expect(rows.nth(0)).to_contain_text("program.exe was not added: this type of file is not")
    expect(rows.nth(1)).to_contain_text("empty.pdf is empty. Choose another file.")
    expect(rows.nth(2)).to_contain_text("Uploaded")
    expect(rows.nth(3)).to_contain_text("lesson.mp4 was not added: a topic has one video.")
    assert topic_of(api, page)["documentCount"] == 0
    page.context.close()
