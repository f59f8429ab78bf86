"""Request and response types of enrollments and decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from akako.kernel.core import fields

PENDING, APPROVED, REJECTED, CANCELLED = "PENDING", "APPROVED", "REJECTED", "CANCELLED"
Status = Literal["PENDING", "APPROVED", "REJECTED", "CANCELLED"]
Verdict = Literal["approve", "reject", "reopen"]
Remark = Annotated[str, fields.text(1_000)]

MAX_DECISIONS = 200
# Enough for the longest notes in any JSON escaping.
DECISIONS_BYTES = 6 * 1024 * 1024


class Enrollment(msgspec.Struct, rename="camel", kw_only=True):
    """A learner's request for a subject, and its state.

    `decidedBy` is the id of the administrator. A cancelled enrollment keeps its decision.
    """

    id: str
    status: Status
    subject_id: str
    user_id: str
    message: str | None
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class Learner(msgspec.Struct, rename="camel"):
    """The learner who made a request. A deleted user has no name, username or address."""

    id: str
    email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None


class RequestedSubject(msgspec.Struct, rename="camel"):
    id: str
    name: str
    grade_id: str


class PendingEnrollment(Enrollment, rename="camel", kw_only=True):
    """An enrollment with its learner and subject, for decisions.

    `gradeName` is the name of the subject's grade, `decidedByName` that of the administrator who
    decided.
    """

    user: Learner
    subject: RequestedSubject
    grade_name: str
    decided_by_name: str | None


class EnrollmentRequest(msgspec.Struct, rename="camel", kw_only=True):
    subject_id: fields.Id
    message: Remark | UnsetType | None = UNSET


class Approval(msgspec.Struct, rename="camel", kw_only=True):
    note: Remark | UnsetType | None = UNSET


class Rejection(msgspec.Struct, rename="camel", kw_only=True):
    reason: Remark | UnsetType | None = UNSET


class Decision(msgspec.Struct, rename="camel", kw_only=True):
    """One of several decisions. `note` and `reason` are synonyms.

    `reopen` undoes a decision of the last 30 seconds.
    """

    id: fields.Id
    decision: Annotated[Verdict, fields.one_of(Verdict)]
    note: Remark | UnsetType | None = UNSET
    reason: Remark | UnsetType | None = UNSET


class Decisions(msgspec.Struct, rename="camel", kw_only=True):
    decisions: Annotated[list[Decision], Meta(min_length=1, max_length=MAX_DECISIONS)]


class DecisionResult(msgspec.Struct, rename="camel", kw_only=True):
    """The result of one decision: the new status, or code, message and details of the error.

    The last three fields describe the decision that the request has now, which may be an earlier
    one of another administrator.
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


class DecisionResults(msgspec.Struct, rename="camel"):
    """One result per decision, in the order of the decisions."""

    results: list[DecisionResult]
