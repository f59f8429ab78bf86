"""The tree that finds pages knows parameters of whole segments only."""

from __future__ import annotations

import re

from tests.web.test_page_access import page_routes

SEGMENT = re.compile(r"[^{}]*|\{\w+\}")


def test_parameters_of_pages_are_whole_segments() -> None:
    paths = [route.partition(" ")[2] for route in page_routes()]
    assert len(paths) > 50
    wrong = [path for path in paths if not all(map(SEGMENT.fullmatch, path.split("/")))]
    assert wrong == []
