"""What learners have watched, opened and completed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict

from akako_lms._answers import read_as
from akako_lms._area import Area, D, iteration, operation
from akako_lms._downloads import Download, Target, download
from akako_lms._queries import Moment, PageQuery
from akako_lms._session import Page, check_names
from akako_lms._wire import Model, given, segment, to_body

if TYPE_CHECKING:
    from typing import Required

    from typing_extensions import Unpack

    from akako_lms._sources import Progress as OnProgress


@dataclass(frozen=True, kw_only=True)
class TopicProgress(Model):
    """Progress in a topic: NOT_STARTED, IN_PROGRESS or COMPLETED."""

    topic_id: str
    subject_id: str
    status: str
    position_seconds: float
    duration_seconds: float | None
    watched_seconds: float
    watched_percent: int | None
    documents_opened: list[str]
    marked_done: bool
    completed_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TopicInSubject(TopicProgress):
    name: str
    position: int


@dataclass(frozen=True, kw_only=True)
class ProgressResult(Model):
    """The result of one of several updates: the progress, or the error's code and message."""

    topic_id: str
    ok: bool
    progress: TopicProgress | None = None
    code: str | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubjectProgress(Model):
    """Progress in a subject. `next_topic_id` is the first topic that is not completed."""

    subject_id: str
    subject_name: str
    grade_id: str
    grade_name: str
    topics_total: int
    topics_completed: int
    percent: int
    next_topic_id: str | None
    last_activity_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SubjectWithTopics(SubjectProgress):
    topics: list[TopicInSubject]


@dataclass(frozen=True, kw_only=True)
class TaughtSubject(Model):
    """A subject of the mentor, and how its learners progress."""

    id: str
    name: str
    grade_id: str
    grade_name: str
    level_name: str
    is_active: bool
    topic_count: int
    learner_count: int
    active_learners7d: int
    average_percent: int | None


@dataclass(frozen=True, kw_only=True)
class LearnerProgress(Model):
    """A learner of a subject. A user without names has None."""

    user_id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    enrolled_at: datetime
    topics_completed: int
    topics_total: int
    percent: int
    last_activity_at: datetime | None


class ProgressUpdate(TypedDict, total=False):
    """`watched` are pairs of start and end in seconds. `recorded_at` is now unless given."""

    position_seconds: float
    duration_seconds: float
    watched: Sequence[Sequence[float]]
    documents_opened: Sequence[str]
    marked_done: bool
    recorded_at: Moment


class ProgressItem(ProgressUpdate, total=False):
    topic_id: Required[str]


class SubjectProgressQuery(PageQuery, total=False):
    subject_id: str


class ProgressSearchQuery(PageQuery, total=False):
    search: str


class Progress(Area[D]):
    """Progress of the caller, and of the learners of a mentor."""

    @operation
    async def update(self, topic_id: str, **update: Unpack[ProgressUpdate]) -> TopicProgress:
        """Merge an update into the progress in a topic."""
        check_names(update, ProgressUpdate)
        path = f"/progress/topics/{segment(topic_id)}"
        return await self._session.one(TopicProgress, "PUT", path, body=update)

    @operation
    async def update_many(self, items: Sequence[ProgressItem]) -> list[ProgressResult]:
        """Merge updates of several topics; one result for each, in their order."""
        body = {"items": [to_body(item) for item in items]}
        data, _ = await self._session.data("POST", "/progress/batch", body=body)
        return [read_as(ProgressResult, each) for each in data]

    @operation
    async def get(self, topic_id: str) -> TopicProgress:
        """Get the progress in a topic."""
        path = f"/progress/topics/{segment(topic_id)}"
        return await self._session.one(TopicProgress, "GET", path)

    @operation
    async def get_subjects(self, **query: Unpack[SubjectProgressQuery]) -> Page[SubjectProgress]:
        """List the caller's subjects with the progress in them."""
        return await self._session.page(
            SubjectProgress, "/progress/me", query, SubjectProgressQuery
        )

    @operation
    async def get_subject(self, subject_id: str) -> SubjectWithTopics:
        """Get the progress in a subject and in each of its topics."""
        path = f"/progress/me/subjects/{segment(subject_id)}"
        return await self._session.one(SubjectWithTopics, "GET", path)

    @operation
    async def get_taught_subjects(
        self, **query: Unpack[ProgressSearchQuery]
    ) -> Page[TaughtSubject]:
        """List the subjects that the caller teaches."""
        return await self._session.page(
            TaughtSubject, "/mentor/subjects", query, ProgressSearchQuery
        )

    @operation
    async def get_learners(
        self, subject_id: str, **query: Unpack[ProgressSearchQuery]
    ) -> Page[LearnerProgress]:
        """List the learners of a subject with their progress."""
        path = f"/mentor/subjects/{segment(subject_id)}/learners"
        return await self._session.page(LearnerProgress, path, query, ProgressSearchQuery)

    @operation
    async def download_learners(
        self,
        subject_id: str,
        target: Target,
        *,
        search: str | None = None,
        sort: str | None = None,
        order: Literal["asc", "desc"] | None = None,
        progress: OnProgress | None = None,
    ) -> Download:
        """Write all learners of a subject as CSV to a path or a binary file object."""
        path = f"/mentor/subjects/{segment(subject_id)}/learners"
        query = given(search=search, sort=sort, order=order, format="csv")
        return await download(self._session, path, query, target, progress)

    iter_subjects = iteration(get_subjects)
    iter_taught_subjects = iteration(get_taught_subjects)
    iter_learners = iteration(get_learners)
