"""Calendar months in UTC, the periods of quotas."""

from __future__ import annotations

from datetime import UTC, date, datetime


def month_of(moment: datetime) -> date:
    """Return the first day of the month."""
    return moment.astimezone(UTC).date().replace(day=1)


def next_month(month: date) -> datetime:
    """Return the time at which the month ends."""
    year, number = (month.year + 1, 1) if month.month == 12 else (month.year, month.month + 1)
    return datetime(year, number, 1, tzinfo=UTC)
