"""Request and response types of mentor applications and decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from akako.kernel.core import fields

PENDING, APPROVED, REJECTED = "PENDING", "APPROVED", "REJECTED"
Status = Literal["PENDING", "APPROVED", "REJECTED"]
Verdict = Literal["approve", "reject", "reopen"]

MAX_DECISIONS = 200
# Enough for the longest texts in any JSON escaping.
APPLICATION_BYTES = 256 * 1024
DECISIONS_BYTES = 6 * 1024 * 1024

Motivation = Annotated[str, fields.text(5_000, minimum=1)]
Background = Annotated[str, fields.text(5_000)]
Remark = Annotated[str, fields.text(1_000)]
SubjectIds = Annotated[list[fields.Id], Meta(max_length=20)]


class MentorApplication(msgspec.Struct, rename="camel", kw_only=True):
    """A learner's application, and its state.

    `subjectIds` are the subjects that the applicant wants to teach. `decidedBy` is the id of the
    administrator.
    """

    id: str
    status: Status
    user_id: str
    motivation: str
    qualifications: str | None
    experience: str | None
    subject_ids: list[str]
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class Applicant(msgspec.Struct, rename="camel"):
    """The user who applied. A deleted user has no name, username or address."""

    id: str
    email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None


class PendingApplication(MentorApplication, rename="camel", kw_only=True):
    """An application with its applicant, for decisions.

    `decidedByName` is the name of the administrator who decided.
    """

    user: Applicant
    decided_by_name: str | None


class ApplicationRequest(msgspec.Struct, rename="camel", kw_only=True):
    motivation: Motivation
    qualifications: Background | UnsetType | None = UNSET
    experience: Background | UnsetType | None = UNSET
    subject_ids: SubjectIds | UnsetType = UNSET


class Approval(msgspec.Struct, rename="camel", kw_only=True):
    """The subjects of the new mentor (default: none), and the end of the role (default: open)."""

    subject_ids: SubjectIds | UnsetType = UNSET
    effective_end_date: fields.Instant | UnsetType | None = UNSET
    note: Remark | UnsetType | None = UNSET


class Rejection(msgspec.Struct, rename="camel", kw_only=True):
    reason: Remark | UnsetType | None = UNSET


class ApplicationDecision(msgspec.Struct, rename="camel", kw_only=True):
    """One of several decisions. `note` and `reason` are synonyms.

    `subjectIds` and `effectiveEndDate` are those of an approval. `reopen` undoes a decision of the
    last 30 seconds.
    """

    id: fields.Id
    decision: Annotated[Verdict, fields.one_of(Verdict)]
    subject_ids: SubjectIds | UnsetType = UNSET
    effective_end_date: fields.Instant | UnsetType | None = UNSET
    note: Remark | UnsetType | None = UNSET
    reason: Remark | UnsetType | None = UNSET


class ApplicationDecisions(msgspec.Struct, rename="camel", kw_only=True):
    decisions: Annotated[list[ApplicationDecision], Meta(min_length=1, max_length=MAX_DECISIONS)]


class ApplicationDecisionResult(msgspec.Struct, rename="camel", kw_only=True):
    """The result of one decision: the new status, or code, message and details of the error.

    The last three fields describe the decision that the application has now, which may be an
    earlier one of another administrator.
    """

    id: str
    ok: bool
    status: Status | None = None
    code: str | None = None
    error: str | None = None
    details: dict[str, Any] | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_by_name: str | None = None


class ApplicationDecisionResults(msgspec.Struct, rename="camel"):
    """One result per decision, in the order of the decisions."""

    results: list[ApplicationDecisionResult]
