"""Request and response types of analytics."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from akako.analytics.days import Interval
from akako.kernel.core import fields
from akako.kernel.core.text import TextError

Format = Literal["json", "csv"]
FormatField = Annotated[Format, fields.one_of(Format, ignore_case=True)]
FIRST, LAST = date(1970, 1, 1), date(9000, 12, 31)  # PostgreSQL and Python agree about these


def parse_day(raw: str) -> date:
    """Parse a date such as 2026-01-31. Raises TextError for other formats and years."""
    try:
        day = date.fromisoformat(raw) if re.fullmatch(r"\d{4}-\d\d-\d\d", raw, re.ASCII) else None
    except ValueError:
        day = None
    if day is None or not FIRST <= day <= LAST:
        raise TextError("Must be a date such as 2026-01-31")
    return day


def parse_month(raw: str) -> str:
    """Check a month such as 2026-01. Raises TextError for other formats and years."""
    try:
        parse_day(f"{raw}-01")
    except TextError:
        raise TextError("Must be a month such as 2026-01") from None
    return raw


Day = Annotated[date, Meta(examples=["2026-01-31"], extra={"rule": parse_day})]
Month = Annotated[
    str, Meta(pattern=r"^\d{4}-\d{2}$", examples=["2026-01"], extra={"rule": parse_month})
]


class DaysQuery(msgspec.Struct, kw_only=True):
    """`from` and `to` are days, both inclusive; by default the 56 days that end today."""

    first: Day | None = msgspec.field(default=None, name="from")
    last: Day | None = msgspec.field(default=None, name="to")
    interval: Annotated[Interval, fields.one_of(Interval, ignore_case=True)] | None = None
    format: FormatField = "json"


class FormatQuery(msgspec.Struct, kw_only=True):
    """`format`: `csv` returns all rows as a file, without paging."""

    format: FormatField = "json"


class MonthQuery(FormatQuery, kw_only=True):
    """`month` is a calendar month in UTC; by default the current one."""

    month: Month | None = None


class EnrollmentFigures(msgspec.Struct, rename="camel", kw_only=True):
    """What happened to enrollments in a bucket, each at its own date."""

    date: date
    requested: int
    approved: int
    rejected: int
    cancelled: int
    median_hours_to_decision: float | None


class ActiveLearners(msgspec.Struct, rename="camel", kw_only=True):
    """Distinct learners with activity in the 7 or 28 days that end with the bucket."""

    date: date
    learners_7d: int = msgspec.field(name="learners7d")
    learners_28d: int = msgspec.field(name="learners28d")


class SubjectCompletion(msgspec.Struct, rename="camel", kw_only=True):
    """How many learners of a subject started it and completed all of its visible topics."""

    subject_id: str
    subject_name: str
    grade_name: str
    learners: int
    started: int
    completed: int
    percent: int


class FileTotals(msgspec.Struct, frozen=True):
    count: int
    bytes: int


class LargeFile(msgspec.Struct, rename="camel", kw_only=True):
    """One of the largest files. The id of a video is that of its topic."""

    kind: Literal["document", "video"]
    id: str
    topic_id: str
    name: str
    bytes: int


class StorageFigures(msgspec.Struct, rename="camel", kw_only=True):
    total_bytes: int
    documents: FileTotals
    videos: FileTotals
    awaiting_deletion_bytes: int
    largest: list[LargeFile]
    time_zone: str


class UsageDay(msgspec.Struct, kw_only=True):
    date: date
    calls: int
    uploads: int


class Caller(msgspec.Struct, rename="camel", kw_only=True):
    user_id: str
    calls: int


class UploadUsage(msgspec.Struct, frozen=True):
    limit: int | None
    used: int


class UsageFigures(msgspec.Struct, rename="camel", kw_only=True):
    """The usage of the caller's plan subject in a month; `limit` is null if it is unlimited."""

    plan: str
    limit: int | None
    used: int
    projected: int | None
    uploads: UploadUsage
    days: list[UsageDay]
    callers: list[Caller]
    time_zone: str


class UserTotals(msgspec.Struct, frozen=True):
    total: int
    learners: int
    mentors: int
    admins: int


class Overview(msgspec.Struct, rename="camel", kw_only=True):
    active_learners_7d: int = msgspec.field(name="activeLearners7d")
    active_learners_28d: int = msgspec.field(name="activeLearners28d")
    pending_enrollments: int
    oldest_pending_enrollment_at: datetime | None
    pending_mentor_applications: int
    completion_percent: int | None
    storage_bytes: int
    api_calls_this_month: int
    users: UserTotals
    time_zone: str
