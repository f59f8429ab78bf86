"""The response type of the export."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from akako.education.schemas import Document
from akako.enrollment.schemas import Enrollment
from akako.identity.schemas import Profile
from akako.learning.note_schemas import Note
from akako.learning.schemas import TopicProgress
from akako.mentors.schemas import MentorApplication
from akako.notifications.schemas import Notification


class ExportedProgress(TopicProgress, rename="camel", kw_only=True):
    """Progress in a topic with the watched ranges, as pairs of seconds."""

    topic_name: str
    watched: list[list[float]]


class PersonalData(msgspec.Struct, rename="camel", kw_only=True):
    """Everything that is stored about the caller.

    `auditEntries` are those by and about the caller. `user` holds all role windows.
    """

    user: Profile
    enrollments: list[Enrollment]
    mentor_applications: list[MentorApplication]
    taught_subjects: list[dict[str, Any]]
    documents: list[Document]
    uploads: list[dict[str, Any]]
    progress: list[ExportedProgress]
    notes: list[Note]
    note_replies: list[dict[str, Any]]
    notifications: list[Notification]
    active_days: list[date]
    usage: list[dict[str, Any]]
    audit_entries: list[dict[str, Any]]
