"""When a topic is completed: the only place that decides it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

Status = Literal["NOT_STARTED", "IN_PROGRESS", "COMPLETED"]

WATCHED_PERCENT = 90  # of a video's duration


def is_finished(
    *,
    has_video: bool,
    watched_tenths: int,
    duration_tenths: int | None,
    documents: Collection[str],
    opened: Collection[str],
) -> bool:
    """Return whether the whole topic was watched and opened.

    That is WATCHED_PERCENT of the video's duration and every document. A topic without video and
    documents is completed only by marking it as done.

    Args:
        watched_tenths: The union of the watched ranges within the duration, in tenths of a second.
        documents: The ids of the topic's documents, without the captions of its video.
        opened: The ids of the documents that the learner opened.
    """
    if not has_video and not documents:
        return False
    if has_video and not _is_watched(watched_tenths, duration_tenths):
        return False
    return set(documents) <= set(opened)


def _is_watched(watched_tenths: int, duration_tenths: int | None) -> bool:
    if duration_tenths is None:
        return False
    return watched_tenths * 100 >= duration_tenths * WATCHED_PERCENT


def status(*, completed: bool, started: bool) -> Status:
    if completed:
        return "COMPLETED"
    return "IN_PROGRESS" if started else "NOT_STARTED"


def percent(part: int, whole: int) -> int:
    """Return the share as an integer, rounded down; 0 of nothing, and 100 only for all."""
    return min(100, part * 100 // whole) if whole else 0
