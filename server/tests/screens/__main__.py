"""Take pictures of pages: `make screens` of all of them, `make screenshots` for the README."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from akako.migrations.run import migrate
from tests.house.project import ROOT
from tests.parts.browser import SCREENS, chromium
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.server import SIGN_INS, Server
from tests.screens.school import Places, build
from tests.web.lessons import sign_in

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 100_000
SPINNER_MS = 1_000  # the player's own sign fades after it has found its place
WIDTHS = (360, 768, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STAFF = (
    "requests",
    "mentors",
    "people",
    "curriculum",
    "analytics",
    "integrations",
    "audit",
    "usage",
)


def pages(at: Places) -> dict[str, dict[str, str]]:
    """Return the pages of each person by the name of their picture; "" is a visitor."""
    subject, topic = at.subject, at.topic
    public = {
        "start": "/",
        "sign-in": "/sign-in",
        "browse": "/browse",
        "level": f"/browse/levels/{at.level}",
        "grade": f"/browse/grades/{at.grade}",
        "subject-visitor": f"/subjects/{subject}",
    }
    learner = {
        "home": "/home",
        "subject": f"/subjects/{subject}",
        "topic": f"/topics/{topic}",
        "topic-locked": f"/topics/{at.locked}",
        "search": "/search?q=fractions",
        "requests": "/requests",
        "notes": "/notes",
        "notifications": "/notifications",
        "mentor-apply": "/mentor/apply",
        "me": "/me",
        "developers": "/developers",
        "components": "/developers/components",
        "not-found": "/nowhere",
        "forbidden": "/admin",
    }
    empty = {
        "home-new": "/home",
        "home-grade": f"/home?grade={at.grade}",
        "requests-empty": "/requests",
        "notes-empty": "/notes",
        "notifications-empty": "/notifications",
        "search-empty": "/search?q=volcano",
    }
    mentor = {
        "teach": "/teach",
        "teach-subject": f"/teach/subjects/{subject}",
        "teach-new": f"/teach/topics/new?subject={subject}",
        "teach-topic": f"/teach/topics/{topic}",
        "teach-learners": f"/teach/subjects/{subject}/learners",
        "teach-notes": "/teach/notes",
    }
    admin = {f"admin-{name}": f"/admin/{name}" for name in STAFF}
    admin |= {"admin": "/admin", "admin-person": f"/admin/people/{at.learner}"}
    return {"": public, "learner": learner, "user_new": empty, "mentor": mentor, "admin": admin}


@contextmanager
def school() -> Iterator[tuple[Server, Places]]:
    with ExitStack() as stack:
        folder = stack.enter_context(passable_folder())
        database = start_postgres(folder)
        stack.callback(database.stop)
        migrate(url := create_database(database.url, "screens"))
        server = Server(folder, url)
        stack.callback(server.close)
        server.start()
        server.user("new")
        films = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield server, build(server, films)


def open_page(browser: Browser, api: Server, person: str) -> Page:
    page = browser.new_context(reduced_motion="reduce").new_page()
    if person:
        sign_in(page, api, SIGN_INS.get(person, person))
    return page


def take_all(browser: Browser, api: Server, at: Places) -> None:
    """Write each page at three widths in both themes to build/screens."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for person, views in pages(at).items():
        page = open_page(browser, api, person)
        for name, path in views.items():
            page.goto(f"{api.url}{path}")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                for theme in THEMES:
                    page.emulate_media(color_scheme=theme)
                    file = SCREENS / f"{name}-{width}-{theme}.png"
                    page.screenshot(path=file, full_page=True)
        page.context.close()
        sys.stdout.write(f"{person or 'visitor'}: {len(views)} pages\n")


def take_for_documentation(browser: Browser, api: Server, at: Places) -> None:
    """Write the two pictures of the README: Home on a phone's width and a topic on a desk."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    page = open_page(browser, api, "learner")
    page.emulate_media(color_scheme="light")
    for name, path, width in (("home", "/home", 1000), ("topic", f"/topics/{at.topic}", 1000)):
        page.set_viewport_size({"width": width, "height": 700})
        page.goto(f"{api.url}{path}")
        if name == "topic":
            page.locator("video").evaluate(
                "video => new Promise(seen => { video.onseeked = seen; video.preload = 'auto'; "
                "video.load() })"
            )
            page.wait_for_timeout(SPINNER_MS)
        _write(IMAGES / f"{name}.png", page.screenshot())
    page.context.close()


def _write(file: Path, picture: bytes) -> None:
    """Write a picture with 256 colours, which halves its size."""
    small = Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    size = file.stat().st_size
    sys.stdout.write(f"{file.relative_to(ROOT)}: {size} bytes\n")
    if size > MOST_BYTES:
        raise SystemExit(f"{file.name} has more than {MOST_BYTES} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screens", description=__doc__)
    parser.add_argument("--documentation", action="store_true", help="write docs/images instead")
    take = take_for_documentation if parser.parse_args().documentation else take_all
    with school() as (api, places), chromium() as browser:
        take(browser, api, places)


if __name__ == "__main__":
    main()
