"""Request and response types of progress."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from akako.kernel.core import fields
from akako.learning.completion import Status

DAY_SECONDS = 86_400
MAX_RANGES, MAX_OPENED, MAX_ITEMS = 200, 100, 100
MAX_STORED_RANGES = 2_000  # separate ranges of a learner in a topic
# Enough for MAX_ITEMS items with MAX_RANGES ranges and MAX_OPENED documents each.
BATCH_BYTES = 2 * 1024 * 1024

Position = Annotated[float, Meta(ge=0, le=DAY_SECONDS, examples=[312.5])]
Duration = Annotated[float, Meta(gt=0, le=DAY_SECONDS, examples=[600.0])]
Range = Annotated[list[Position], Meta(min_length=2, max_length=2, examples=[[0.0, 312.5]])]
Ranges = Annotated[list[Range], Meta(max_length=MAX_RANGES)]
Opened = Annotated[list[fields.Id], Meta(max_length=MAX_OPENED)]


class TopicProgress(msgspec.Struct, rename="camel", kw_only=True):
    """The caller's progress in a topic. Seconds have one decimal place.

    `watchedSeconds` is the union of the watched ranges within the duration. `watchedPercent` is
    rounded down, and null without a duration.
    """

    topic_id: str
    subject_id: str
    status: Status
    position_seconds: float
    duration_seconds: float | None
    watched_seconds: float
    watched_percent: int | None
    documents_opened: list[str]
    marked_done: bool
    completed_at: datetime | None
    updated_at: datetime | None


class TopicInSubject(TopicProgress, rename="camel", kw_only=True):
    """The caller's progress in a topic, with its name and its place in the subject."""

    name: str
    position: int


class ProgressUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """What a client recorded; at least one field.

    It is merged with the stored progress: ranges are united, opened documents are added. The update
    with the latest `recordedAt` (default: now) decides position, duration and mark.
    """

    position_seconds: Position | UnsetType = UNSET
    duration_seconds: Duration | UnsetType = UNSET
    watched: Ranges | UnsetType = UNSET
    documents_opened: Opened | UnsetType = UNSET
    marked_done: bool | UnsetType = UNSET
    recorded_at: fields.Instant | UnsetType = UNSET


class ProgressItem(ProgressUpdate, rename="camel", kw_only=True):
    """An update of one topic among several."""

    topic_id: fields.Id


class ProgressBatch(msgspec.Struct, rename="camel", kw_only=True):
    items: Annotated[list[ProgressItem], Meta(min_length=1, max_length=MAX_ITEMS)]


class ProgressResult(msgspec.Struct, rename="camel", kw_only=True):
    """The result of one item: the progress, or code and message of the error."""

    topic_id: str
    ok: bool
    progress: TopicProgress | None = None
    code: str | None = None
    error: str | None = None


class SubjectProgress(msgspec.Struct, rename="camel", kw_only=True):
    """The caller's progress in a subject. Only visible topics count.

    `percent` is rounded down. `nextTopicId` is the first topic that is not completed.
    """

    subject_id: str
    subject_name: str
    grade_id: str
    grade_name: str
    topics_total: int
    topics_completed: int
    percent: int
    next_topic_id: str | None
    last_activity_at: datetime | None


class SubjectWithTopics(SubjectProgress, rename="camel", kw_only=True):
    """The caller's progress in a subject and in each of its topics, in their order."""

    topics: list[TopicInSubject]


class TaughtSubject(msgspec.Struct, rename="camel", kw_only=True):
    """A subject of the caller, for whom it is shown how the learners progress.

    `topicCount` counts active topics, `learnerCount` approved enrollments, `activeLearners7d` the
    learners with progress in the last 7 days. `averagePercent` is null without learners.
    """

    id: str
    name: str
    grade_id: str
    grade_name: str
    level_name: str
    is_active: bool
    topic_count: int
    learner_count: int
    active_learners_7d: int = msgspec.field(name="activeLearners7d")
    average_percent: int | None


class LearnerProgress(msgspec.Struct, rename="camel", kw_only=True):
    """A learner of a subject, with the progress in its visible topics."""

    user_id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    enrolled_at: datetime
    topics_completed: int
    topics_total: int
    percent: int
    last_activity_at: datetime | None
    username: str | None  # may be all that is known of a learner without names and address


Format = Literal["json", "csv"]


class ListFormat(msgspec.Struct, kw_only=True):
    """`format`: `csv` returns all rows as a file, without paging."""

    format: Annotated[Format, fields.one_of(Format, ignore_case=True)] = "json"
