"""One browser per test module, and a page of it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.parts.browser import chromium
from tests.parts.server import Server
from tests.web.lessons import Lesson, add_lesson
from tests.web.windows import PHONE


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page on a phone, or in the WINDOW that the module of the test names."""
    context = browser.new_context(viewport=getattr(request.module, "WINDOW", PHONE))
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def lesson(api: Server, tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    return add_lesson(api, tmp_path_factory.mktemp("film"))
