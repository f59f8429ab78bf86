"""A subject with real videos and documents, and learners who open its pages in a browser."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import imageio_ffmpeg
from playwright.sync_api import Page

from akako.kernel.core.search_keys import search_key
from tests.factories import create_subject, create_topic
from tests.learning.school import add_learner
from tests.library.school import Topic, put_video, upload, uploaded
from tests.parts.browser import WAIT_SECONDS
from tests.parts.server import Server
from tests.web.announcements import record

TEXT = """Two fractions can be added when they have the **same denominator**.

## How to do it

1. Find a common denominator.
2. Add the numerators.

<script>document.title = "changed"</script>
"""
SECONDS = 20
# Runs in a page before its own scripts and stores where the video began to play.
RECORD_BEGINNING = """
addEventListener("playing", event => { window.begun ??= event.target.currentTime; }, true);
"""


class Lesson(NamedTuple):
    """A subject with three topics; the first has a video and two documents."""

    subject_id: str
    grade_id: str
    topics: list[str]
    learner: str  # the Clerk id

    @property
    def path(self) -> str:
        return f"/topics/{self.topics[0]}"


def add_lesson(api: Server, folder: Path, *, subject: str = "Mathematics") -> Lesson:
    with api.db() as db:
        made = create_subject(db, mentor_id=api.user_id("mentor"), name=subject)
        topics = [create_topic(db, subject_id=made.id).id for _ in range(3)]
        names = ["Adding fractions", "Subtracting fractions", "Percent"]
        for topic_id, name in zip(topics, names, strict=True):
            found = "update topics set name = %s, search_key = %s where id = %s"
            db.execute(found, (name, search_key(name, ""), topic_id))
        for table, name, row in (
            ("grades", "Grade 5", made.grade_id),
            ("education_levels", "Primary school", made.level_id),
        ):
            db.execute(f"update {table} set name = %s where id = %s".encode(), (name, row))
        db.execute("update topics set content = %s where id = %s", (TEXT, topics[0]))
    first = Topic(topics[0], made.id)
    uploaded(put_video(api, first, film(folder)))
    uploaded(upload(api, first, "Worksheet.txt"))
    uploaded(upload(api, first, "Fraction wall.txt", b"one half"))
    learner = add_learner(api, made.id)
    return Lesson(made.id, made.grade_id, topics, learner.clerk_id)


@cache
def film(folder: Path) -> bytes:
    """Return a video of 20 seconds that browsers can play."""
    path = folder / "film.mp4"
    picture = ["-f", "lavfi", "-i", f"testsrc=duration={SECONDS}:size=320x180:rate=5"]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *picture, *coding]
    subprocess.run([*command, "-movflags", "+faststart", str(path)], check=True)
    return path.read_bytes()


def sign_in(page: Page, api: Server, clerk_id: str, wanted: str = "/home") -> None:
    """Sign in on the development page and wait for the wanted page, which records what it says."""
    record(page)
    page.goto(f"{api.url}/sign-in?next={wanted}")
    field = page.get_by_label("Another person")
    field.fill(clerk_id)
    field.press("Enter")
    page.wait_for_url(f"{api.url}{wanted}")


def watch_prefetches(page: Page) -> list[str]:
    """Return the addresses that the browser has loaded in advance; the list grows from now on."""
    ready: list[str] = []

    def note(event: dict[str, Any]) -> None:
        if event["status"] == "Ready":
            ready.append(event["prefetchUrl"])

    session = page.context.new_cdp_session(page)
    session.on("Preload.prefetchStatusUpdated", note)
    session.send("Preload.enable")
    return ready


def wait_for(page: Page, expression: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until an expression is true. Playwright's own way needs eval, which pages forbid."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def until(page: Page, holds: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Wait until a condition holds, and let the page work in the meantime."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
