"""Ranges of days and the buckets that they consist of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from akako.kernel.core.errors import ValidationFailed

Interval = Literal["day", "week", "month"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)

DEFAULT_DAYS = 56
MAX_DAYS = 400
MAX_DAILY = 62  # days; a longer range has weeks unless the caller asks for days
ONE = timedelta(days=1)


class TimeZone(msgspec.Struct, frozen=True):
    """The time zone whose midnight separates days."""

    name: str = "UTC"

    def today(self) -> date:
        zone = UTC if self.name == "UTC" else ZoneInfo(self.name)
        return datetime.now(zone).date()


class Bucket(msgspec.Struct, frozen=True):
    """Days of the requested range that belong to one day, week or month."""

    name: date  # the first day of the day, week or month
    first: date
    last: date


class Range(msgspec.Struct, frozen=True):
    """Days, both inclusive, in buckets."""

    first: date
    last: date
    interval: Interval

    def buckets(self) -> list[Bucket]:
        """Return every bucket of the range in order, cut to the range."""
        found: list[Bucket] = []
        first = self.first
        while first <= self.last:
            last = min(end_of(first, self.interval), self.last)
            found.append(Bucket(start_of(first, self.interval), first, last))
            first = last + ONE
        return found


def start_of(day: date, interval: Interval) -> date:
    """Return the first day of the bucket that contains the day. Weeks begin on Monday."""
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def end_of(day: date, interval: Interval) -> date:
    """Return the last day of the bucket that contains the day."""
    if interval == "week":
        return start_of(day, interval) + timedelta(days=6)
    if interval == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE
    return day


def read_range(
    first: date | None, last: date | None, interval: Interval | None, today: date
) -> Range:
    """Return the range with its defaults.

    Raises:
        ValidationFailed: `from` is after `to`, or the range has more than 400 days.
    """
    last = last or (max(today, first) if first else today)
    if first is None:
        # The first days of the calendar have fewer days before them.
        first = last - min(timedelta(days=DEFAULT_DAYS - 1), last - date.min)
    if first > last:
        raise ValidationFailed.of("from", "Must not be after to", str(first))
    number = (last - first).days + 1
    if number > MAX_DAYS:
        message = f"Must be at most {MAX_DAYS - 1} days before to"
        raise ValidationFailed.of("from", message, str(first))
    return Range(first, last, interval or ("day" if number <= MAX_DAILY else "week"))
