"""The objects that the API answers with. Ids are opaque; moments carry their time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from akako_lms._wire import Model
from akako_lms.decisions import DecisionResult as DecisionResult
from akako_lms.decisions import DecisionResults as DecisionResults
from akako_lms.decisions import Enrollment as Enrollment
from akako_lms.decisions import MentorApplication as MentorApplication
from akako_lms.decisions import PendingApplication as PendingApplication
from akako_lms.decisions import PendingEnrollment as PendingEnrollment
from akako_lms.decisions import Person as Person
from akako_lms.decisions import RequestedSubject as RequestedSubject


@dataclass(frozen=True, kw_only=True)
class Pagination(Model):
    """`total` and `pages` are estimates where `total_is_estimate` is true: in very long lists."""

    page: int
    limit: int
    total: int
    pages: int
    has_next: bool
    has_prev: bool
    total_is_estimate: bool | None = None


@dataclass(frozen=True, kw_only=True)
class UserRole(Model):
    """One dated assignment: from start (inclusive) to end (exclusive; None: open)."""

    id: str
    role: str
    effective_start_date: datetime
    effective_end_date: datetime | None
    assigned_by: str | None


@dataclass(frozen=True, kw_only=True)
class User(Model):
    """`roles` are those in effect now. `last_synced_at` is only for administrators."""

    id: str
    clerk_id: str
    email: str | None
    username: str | None = None
    first_name: str | None
    last_name: str | None
    image_url: str | None
    status: str
    plan: str
    roles: list[str]
    created_at: datetime
    updated_at: datetime
    user_roles: list[UserRole]
    last_synced_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Synced(Model):
    """Response for unauthenticated callers; contains no personal data."""

    user_id: str
    synced: bool
    created: bool


@dataclass(frozen=True, kw_only=True)
class RoleAssigned(Model):
    user_role: UserRole
    user: User


@dataclass(frozen=True, kw_only=True)
class Level(Model):
    """An education level, such as Primary School."""

    id: str
    name: str
    description: str
    image_url: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Grade(Level):
    """A grade of a level, such as Grade 1. `level` is primary, secondary or higher."""

    level: str
    education_level_id: str


@dataclass(frozen=True, kw_only=True)
class Mentor(Model):
    id: str
    first_name: str | None
    last_name: str | None


@dataclass(frozen=True, kw_only=True)
class Subject(Level):
    """A subject. Its `mentor_id` and `mentor_email` are for administrators and that mentor."""

    grade_id: str
    mentor: Mentor | None
    mentor_id: str | None = None
    mentor_email: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubjectDetail(Subject):
    """A subject read by its id. The fields are None for callers without a token.

    `enrollment_status` is the status of the caller's latest request.
    """

    enrollment_status: str | None = None
    topic_count: int | None = None
    mentor_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Document(Model):
    """A file of a topic. `size` is in bytes, `sha256` in hexadecimal digits."""

    id: str
    topic_id: str
    name: str
    description: str | None
    file_name: str
    mime_type: str
    size: int
    sha256: str
    uploaded_by: str
    created_at: datetime
    url: str


@dataclass(frozen=True, kw_only=True)
class TopicSummary(Level):
    """A topic as it appears in lists, without its content.

    `video_url` and `documents` are None for callers who are not entitled to them. `documents` holds
    the first ones only; `document_count` counts all.
    """

    subject_id: str
    position: int
    has_video: bool
    document_count: int
    video_url: str | None = None
    documents: list[Document] | None = None


@dataclass(frozen=True, kw_only=True)
class Topic(TopicSummary):
    """A topic of a subject. `content` is None for callers who are not entitled to it."""

    content: str | None = None


@dataclass(frozen=True, kw_only=True)
class Video(Model):
    """The video of a topic. `version` grows by one with every replacement; `size` is in bytes."""

    topic_id: str
    video_url: str
    mime_type: str
    size: int
    sha256: str
    version: int
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class MediaLink(Model):
    """An address that streams one file without a token. Treat it like a password."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Deleted(Model):
    id: str
    deleted: bool = True


@dataclass(frozen=True, kw_only=True)
class DocumentDeleted(Model):
    id: str
    topic_id: str
    deleted: bool


@dataclass(frozen=True, kw_only=True)
class VideoDeleted(Model):
    topic_id: str
    deleted: bool


@dataclass(frozen=True, kw_only=True)
class VideoName(Model):
    topic_id: str
    file_name: str


@dataclass(frozen=True, kw_only=True)
class Usage(Model):
    """`limit` and `remaining` are None on a plan without limit."""

    limit: int | None
    used: int
    remaining: int | None


@dataclass(frozen=True, kw_only=True)
class Quota(Model):
    """The standing of the caller, or of the caller's organisation, in this month."""

    plan: str
    period: str
    reset_at: datetime
    api_calls: Usage
    file_uploads: Usage


@dataclass(frozen=True, kw_only=True)
class Organization(Model):
    id: str
    plan: str
    created_at: datetime
    updated_at: datetime
