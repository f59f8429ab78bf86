"""Moments in words, with the exact time for machines and for the tooltip."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_date, format_datetime


def moment(at: datetime, language: str = "en", *, now: datetime | None = None) -> dict[str, str]:
    """Return a moment as ISO 8601, as exact text and in words such as "2 November"."""
    now = now or datetime.now(UTC)
    pattern = "d MMMM" if at.year == now.year else "d MMMM y"
    return {
        "iso": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "exact": format_datetime(at, "d MMMM y, HH:mm 'UTC'", locale=language),
        "words": format_date(at, pattern, locale=language),
    }
