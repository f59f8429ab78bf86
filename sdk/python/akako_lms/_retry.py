"""Whether a failed call is tried again, and when."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from akako_lms.errors import INTERRUPTED, AkakoError

TRIES = 3
LONGEST_SECONDS = 60.0
FIRST_SECONDS = 0.5
STATUSES = frozenset({429, 502, 503, 504})
CODES = frozenset({"IDEMPOTENCY_IN_PROGRESS", "UPLOAD_LOCKED", INTERRUPTED})

# The connection failed or broke; a server that is merely slow is not asked again.
BROKEN = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.ReadError,
    httpx2.WriteError,
    httpx2.RemoteProtocolError,
)


def is_passing(problem: AkakoError) -> bool:
    """Whether the same request may succeed later.

    An earlier try may still be at work on the server after its connection broke: hence the codes.
    """
    named = problem.status in STATUSES or problem.code in CODES
    return named or isinstance(problem.__cause__, BROKEN)


def pause(problem: AkakoError, tries: int) -> float | None:
    """Return the seconds until the next try; None if there should be none.

    Waits of more than a minute are not made, so a spent monthly quota is reported at once.
    """
    if tries >= TRIES or not is_passing(problem):
        return None
    if problem.retry_after is None:
        return _up_to(FIRST_SECONDS * 2**tries)
    if problem.retry_after > LONGEST_SECONDS:
        return None
    return problem.retry_after + _up_to(FIRST_SECONDS)


def _up_to(seconds: float) -> float:
    """Return a random delay (full jitter), so that clients that failed together retry apart."""
    return random.uniform(0, seconds)  # noqa: S311 - no secret


def retry_after(value: str) -> float | None:
    """`Retry-After` in seconds: a number or a date."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
