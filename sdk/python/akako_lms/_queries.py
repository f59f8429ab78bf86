"""The keyword arguments of lists. Moments are datetimes with a time zone, or dates (UTC days)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypedDict

Role = Literal["ADMIN", "MENTOR", "LEARNER"]
Plan = Literal["FREE", "PRO", "ENTERPRISE"]
GradeLevel = Literal["primary", "secondary", "higher"]
Order = Literal["asc", "desc"]
EnrollmentStatus = Literal["PENDING", "APPROVED", "REJECTED", "CANCELLED"]
ApplicationStatus = Literal["PENDING", "APPROVED", "REJECTED"]
DeletedKind = Literal["level", "grade", "subject", "topic"]
Moment = datetime | date | str


class PageQuery(TypedDict, total=False):
    """`limit` is 20 unless given, 100 at most; `cursor` comes from a page's link."""

    page: int
    limit: int
    sort: str
    order: Order
    cursor: str


class DatedQuery(PageQuery, total=False):
    """`created_from` is inclusive, `created_to` exclusive; as a date it includes that day."""

    created_from: Moment
    created_to: Moment


class NodeQuery(DatedQuery, total=False):
    search: str
    is_active: bool
    include_inactive: bool
    updated_from: Moment
    updated_to: Moment


class UserQuery(DatedQuery, total=False):
    search: str
    role: Role | Sequence[Role]
    status: Literal["ACTIVE", "INACTIVE", "SUSPENDED", "DELETED"]
    is_active: bool
    updated_from: Moment
    updated_to: Moment


class PendingQuery(DatedQuery, total=False):
    search: str


class PendingEnrollmentQuery(PendingQuery, total=False):
    subject_id: str
    grade_id: str


class PendingApplicationQuery(PendingQuery, total=False):
    subject_id: str


class EnrollmentQuery(PendingEnrollmentQuery, total=False):
    user_id: str
    status: EnrollmentStatus | Sequence[EnrollmentStatus]


class ApplicationQuery(PendingApplicationQuery, total=False):
    user_id: str
    status: ApplicationStatus | Sequence[ApplicationStatus]


class NotificationQuery(PageQuery, total=False):
    unread: bool


class DeletedQuery(PageQuery, total=False):
    kind: DeletedKind | Sequence[DeletedKind]


class AuditQuery(DatedQuery, total=False):
    actor: str
    resource: str
    resource_id: str
    action: str


class WebhookQuery(PageQuery, total=False):
    is_active: bool


class DeliveryQuery(DatedQuery, total=False):
    status: Literal["PENDING", "DELIVERED", "FAILED"]
    event_type: str


class CompletionQuery(PageQuery, total=False):
    grade_id: str
    level_id: str
