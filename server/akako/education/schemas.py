"""Request and response types of levels, grades, subjects and topics."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from akako.kernel.core import fields

Name = Annotated[str, fields.line(1, 120)]
Description = Annotated[str, fields.text(2_000)]
Content = Annotated[str, fields.document(200_000)]
Stage = Literal["primary", "secondary", "higher"]
StageName = Annotated[Stage, fields.one_of(Stage)]

READ_ONLY = frozenset({"id", "createdAt", "updatedAt"})


class Node(msgspec.Struct, rename="camel"):
    """The fields that levels, grades, subjects and topics share."""

    id: str
    name: str
    description: str
    image_url: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


class Level(Node, rename="camel"):
    """An education level, such as Primary School."""


class Grade(Node, rename="camel"):
    """A grade of a level, such as Grade 1."""

    level: StageName
    education_level_id: str


class Mentor(msgspec.Struct, rename="camel", frozen=True):
    """The mentor of a subject, as shown to everyone."""

    id: str
    first_name: str | None
    last_name: str | None


class Subject(Node, rename="camel"):
    """A subject of a grade, such as Mathematics.

    `mentorId` and `mentorEmail` are shown only to administrators and that mentor.
    """

    grade_id: str
    mentor: Mentor | None
    mentor_id: str | UnsetType | None = UNSET
    mentor_email: str | UnsetType | None = UNSET


EnrollmentStatus = Literal["PENDING", "APPROVED", "REJECTED", "CANCELLED"]


class SubjectDetail(Subject, rename="camel"):
    """A subject read by its id.

    The last three fields are shown to signed-in callers only. `enrollmentStatus` is the status of
    the caller's latest request. `topicCount` counts the topics that the caller can see.
    """

    enrollment_status: EnrollmentStatus | UnsetType | None = UNSET
    topic_count: int | UnsetType = UNSET
    mentor_name: str | UnsetType | None = UNSET


class Document(msgspec.Struct, rename="camel", kw_only=True):
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


class TopicSummary(Node, rename="camel"):
    """A topic as it appears in lists, without its content.

    `videoUrl` and `documents` are included for administrators, the subject's mentor and learners
    whose enrollment was approved. `documents` holds at most 24 KiB; `documentCount` counts all.
    `position` begins at 0; topics are listed in its order.
    """

    subject_id: str
    position: int
    has_video: bool
    document_count: int
    video_url: str | UnsetType | None = UNSET
    documents: list[Document] | UnsetType = UNSET


class Topic(TopicSummary, rename="camel"):
    """A topic of a subject, such as Addition. `content` is included like `videoUrl`."""

    content: str | UnsetType = UNSET


class Deleted(msgspec.Struct):
    id: str
    deleted: bool = True


class Deletion(msgspec.Struct):
    """`force`: delete even if learners are enrolled below."""

    force: bool = False


class LevelCreate(msgspec.Struct, rename="camel", kw_only=True):
    name: Name
    description: Description = ""
    image_url: fields.HttpsUrl | None = None
    is_active: bool = True


class GradeCreate(LevelCreate, rename="camel", kw_only=True):
    education_level_id: fields.Id
    level: StageName


class SubjectCreate(LevelCreate, rename="camel", kw_only=True):
    grade_id: fields.Id
    mentor_id: fields.Id | None = None


class TopicCreate(LevelCreate, rename="camel", kw_only=True):
    """A new topic is the last one of its subject."""

    subject_id: fields.Id
    content: Content = ""


class LevelUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """Missing fields stay; null clears the image."""

    __read_only__: ClassVar[frozenset[str]] = READ_ONLY

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    image_url: fields.HttpsUrl | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


class GradeUpdate(LevelUpdate, rename="camel", kw_only=True):
    """Missing fields stay; null clears the image. A grade stays in its level."""

    __read_only__: ClassVar[frozenset[str]] = READ_ONLY | {"educationLevelId"}

    level: StageName | UnsetType = UNSET


class SubjectUpdate(LevelUpdate, rename="camel", kw_only=True):
    """Missing fields stay; null clears image and mentor. A subject stays in its grade."""

    __read_only__: ClassVar[frozenset[str]] = READ_ONLY | {
        "gradeId",
        "mentor",
        "mentorEmail",
        "enrollmentStatus",
        "topicCount",
        "mentorName",
    }

    mentor_id: fields.Id | UnsetType | None = UNSET


class TopicUpdate(LevelUpdate, rename="camel", kw_only=True):
    """Missing fields stay; null clears the image. A topic stays in its subject."""

    __read_only__: ClassVar[frozenset[str]] = READ_ONLY | {
        "subjectId",
        "position",
        "hasVideo",
        "documentCount",
        "videoUrl",
        "documents",
    }

    content: Content | UnsetType = UNSET
