"""Requests of learners, and the decisions of administrators about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from akako_lms._wire import Model


@dataclass(frozen=True, kw_only=True)
class Person(Model):
    """The user who made a request. A deleted user has no name, username or address."""

    id: str
    email: str | None
    username: str | None = None
    first_name: str | None
    last_name: str | None


@dataclass(frozen=True, kw_only=True)
class RequestedSubject(Model):
    id: str
    name: str
    grade_id: str


@dataclass(frozen=True, kw_only=True)
class Enrollment(Model):
    """A learner's request for a subject: PENDING, APPROVED, REJECTED or CANCELLED."""

    id: str
    status: str
    subject_id: str
    user_id: str
    message: str | None
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


@dataclass(frozen=True, kw_only=True)
class PendingEnrollment(Enrollment):
    user: Person
    subject: RequestedSubject
    grade_name: str = ""
    decided_by_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class DecisionResult(Model):
    """The result of one of many decisions: the new status, or code, message, details of the error.

    The last three fields describe the decision that the request has now.
    """

    id: str
    ok: bool
    status: str | None = None
    code: str | None = None
    error: str | None = None
    details: dict[str, Any] | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_by_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class DecisionResults(Model):
    results: list[DecisionResult]


@dataclass(frozen=True, kw_only=True)
class MentorApplication(Model):
    """A learner's application: PENDING, APPROVED or REJECTED."""

    id: str
    status: str
    user_id: str
    motivation: str
    qualifications: str | None
    experience: str | None
    subject_ids: list[str]
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


@dataclass(frozen=True, kw_only=True)
class PendingApplication(MentorApplication):
    user: Person
    decided_by_name: str | None = None
