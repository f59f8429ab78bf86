"""Figures about the school, for administrators. All but the overview need PRO or ENTERPRISE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from akako_lms._answers import read_as
from akako_lms._area import Area, D, iteration, operation
from akako_lms._downloads import Download, Target, download
from akako_lms._queries import CompletionQuery
from akako_lms._session import Page
from akako_lms._wire import Model, given

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from akako_lms._sources import Progress

Interval = Literal["day", "week", "month"]
Report = Literal["enrollments", "active-learners", "completion", "storage", "api-usage"]


@dataclass(frozen=True, kw_only=True)
class UserTotals(Model):
    total: int
    learners: int
    mentors: int
    admins: int


@dataclass(frozen=True, kw_only=True)
class Overview(Model):
    """The figures of the start page."""

    active_learners7d: int
    active_learners28d: int
    pending_enrollments: int
    oldest_pending_enrollment_at: datetime | None
    pending_mentor_applications: int
    completion_percent: int | None
    storage_bytes: int
    api_calls_this_month: int
    users: UserTotals
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class EnrollmentFigures(Model):
    """What happened to enrollments in a day, week or month."""

    date: str
    requested: int
    approved: int
    rejected: int
    cancelled: int
    median_hours_to_decision: float | None


@dataclass(frozen=True, kw_only=True)
class ActiveLearners(Model):
    """Distinct learners with activity in 7 and in 28 days."""

    date: str
    learners7d: int
    learners28d: int


@dataclass(frozen=True, kw_only=True)
class SubjectCompletion(Model):
    subject_id: str
    subject_name: str
    grade_name: str
    learners: int
    started: int
    completed: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class FileTotals(Model):
    count: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class LargeFile(Model):
    """One of the largest files. The id of a video is that of its topic."""

    kind: str
    id: str
    topic_id: str
    name: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class StorageFigures(Model):
    total_bytes: int
    documents: FileTotals
    videos: FileTotals
    awaiting_deletion_bytes: int
    largest: list[LargeFile]
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class UploadUsage(Model):
    limit: int | None
    used: int


@dataclass(frozen=True, kw_only=True)
class UsageDay(Model):
    date: str
    calls: int
    uploads: int


@dataclass(frozen=True, kw_only=True)
class UsageCaller(Model):
    user_id: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class UsageFigures(Model):
    """Usage of a month. `limit` is None if it is unlimited."""

    plan: str
    limit: int | None
    used: int
    projected: int | None
    uploads: UploadUsage
    days: list[UsageDay]
    callers: list[UsageCaller]
    time_zone: str


class Analytics(Area[D]):
    """Figures about enrollments, activity, completion, storage and usage."""

    @operation
    async def get_overview(self) -> Overview:
        """Get the figures of the start page."""
        return await self._session.one(Overview, "GET", "/analytics/overview")

    @operation
    async def get_enrollments(
        self,
        *,
        first: date | str | None = None,
        last: date | str | None = None,
        interval: Interval | None = None,
    ) -> list[EnrollmentFigures]:
        """Get requests, decisions and cancellations. `first` and `last` are inclusive."""
        data, _ = await self._session.data(
            "GET", "/analytics/enrollments", query=_days(first, last, interval)
        )
        return [read_as(EnrollmentFigures, each) for each in data]

    @operation
    async def get_active_learners(
        self,
        *,
        first: date | str | None = None,
        last: date | str | None = None,
        interval: Interval | None = None,
    ) -> list[ActiveLearners]:
        """Get the distinct active learners. `first` and `last` are inclusive."""
        data, _ = await self._session.data(
            "GET", "/analytics/active-learners", query=_days(first, last, interval)
        )
        return [read_as(ActiveLearners, each) for each in data]

    @operation
    async def get_completion(self, **query: Unpack[CompletionQuery]) -> Page[SubjectCompletion]:
        """List subjects with the learners who started and completed them."""
        return await self._session.page(
            SubjectCompletion, "/analytics/completion", query, CompletionQuery
        )

    iter_completion = iteration(get_completion)

    @operation
    async def get_storage(self) -> StorageFigures:
        """Get the size of the stored files."""
        return await self._session.one(StorageFigures, "GET", "/analytics/storage")

    @operation
    async def get_api_usage(self, *, month: str | None = None) -> UsageFigures:
        """Get the usage of a month such as `2026-01`; by default the current one."""
        data, _ = await self._session.data("GET", "/analytics/api-usage", query=given(month=month))
        return read_as(UsageFigures, data)

    @operation
    async def download_csv(
        self,
        report: Report,
        target: Target,
        *,
        first: date | str | None = None,
        last: date | str | None = None,
        interval: Interval | None = None,
        grade_id: str | None = None,
        level_id: str | None = None,
        month: str | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """Write all rows of a report as CSV to a path or a binary file object.

        Args:
            report: The last part of the path of the endpoint.
            first: With `last` and `interval`: for enrollments and active learners.
            grade_id: With `level_id`: for completion.
            month: For the usage of the API, such as `2026-01`.
        """
        query = _days(first, last, interval) | given(
            gradeId=grade_id, levelId=level_id, month=month, format="csv"
        )
        return await download(self._session, f"/analytics/{report}", query, target, progress)


def _days(
    first: date | str | None, last: date | str | None, interval: Interval | None
) -> dict[str, Any]:
    text = {"from": first, "to": last, "interval": interval}
    return {name: str(value) for name, value in text.items() if value is not None}
