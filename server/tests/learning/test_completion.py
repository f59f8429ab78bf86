"""When a topic is completed."""

from __future__ import annotations

import pytest

from akako.learning.completion import is_finished, percent, status


@pytest.mark.parametrize(
    ("has_video", "watched", "duration", "documents", "opened", "expected"),
    [
        (True, 900, 1000, "", "", True),
        (True, 899, 1000, "", "", False),
        (True, 1000, None, "", "", False),
        (True, 0, None, "", "", False),
        (True, 1000, 1000, "a", "", False),
        (True, 1000, 1000, "ab", "a", False),
        (True, 1000, 1000, "ab", "ba", True),
        (True, 0, 1000, "ab", "ab", False),
        (False, 0, None, "", "", False),
        (False, 0, None, "a", "a", True),
        (False, 0, None, "a", "ax", True),
        (False, 0, None, "ab", "a", False),
        (True, 7, 7, "", "", True),
        (True, 6, 7, "", "", False),
    ],
)
def test_a_topic_is_finished_when_all_was_watched_and_opened(
    has_video: bool,
    watched: int,
    duration: int | None,
    documents: str,
    opened: str,
    expected: bool,
) -> None:
    found = is_finished(
        has_video=has_video,
        watched_tenths=watched,
        duration_tenths=duration,
        documents=list(documents),
        opened=list(opened),
    )
    assert found is expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(0, 0, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (999, 1000, 99)]
)
def test_percentages_are_rounded_down(part: int, whole: int, expected: int) -> None:
    assert percent(part, whole) == expected


def test_the_status_follows_from_completion_and_start() -> None:
    assert status(completed=False, started=False) == "NOT_STARTED"
    assert status(completed=False, started=True) == "IN_PROGRESS"
    assert status(completed=True, started=False) == "COMPLETED"
