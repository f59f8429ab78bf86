"""One browser per test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.parts.browser import chromium
from tests.parts.server import Server
from tests.web.lessons import Lesson, add_lesson


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def lesson(api: Server, tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    return add_lesson(api, tmp_path_factory.mktemp("film"))
