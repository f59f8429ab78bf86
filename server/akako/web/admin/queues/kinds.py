"""The two queues: which verbs they call, and what their rows show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from akako.authority.decisions import REOPEN_SECONDS
from akako.enrollment import queries as enrollments
from akako.enrollment import service as enrollment
from akako.enrollment.schemas import Decision
from akako.kernel.db import listing
from akako.mentors import queries as applications
from akako.mentors import reopening as mentors
from akako.mentors.schemas import ApplicationDecision
from akako.web.admin.queues import queries
from akako.web.admin.queues.queries import Subject
from akako.web.names import given_name, person_name


class Row(msgspec.Struct, kw_only=True):
    """A request as the queue shows it.

    `texts` are what the learner wrote. `reopens` is the number of seconds for which the decision
    can still be undone.
    """

    id: str
    given: str
    learner: str
    subjects: list[tuple[str, str, str]]  # id, name and grade
    subject: str
    texts: list[str]
    at: datetime
    approved: bool
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    reopens: int


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of requests that administrators decide."""

    name: str  # as the page's script knows it
    path: str
    pending: listing.Spec
    decided: listing.Spec
    list_pending: Callable[..., Awaitable[Any]]
    list_decided: Callable[..., Awaitable[Any]]
    decide_many: Callable[..., Awaitable[Any]]
    decision: Callable[..., Any]
    row: Callable[[Any, dict[str, Subject]], Row]
    descriptions: str  # SQL of `queries.describe`


def _wanted(ids: list[str], known: dict[str, Subject]) -> list[tuple[str, str, str]]:
    found = [known[each] for each in ids if each in known]
    return [(each.id, each.name, each.grade_name) for each in found]


def _row(
    each: Any, subjects: list[tuple[str, str, str]], subject: str, texts: list[str | None]
) -> Row:
    left = 0
    if each.decided_at:
        left = REOPEN_SECONDS - int((datetime.now(UTC) - each.decided_at).total_seconds())
    return Row(
        id=each.id,
        given=given_name(each.user),
        learner=person_name(each.user),
        subjects=subjects,
        subject=subject,
        texts=[text for text in texts if text],
        at=each.requested_at,
        approved=each.status == "APPROVED",
        decided_at=each.decided_at,
        decided_by=each.decided_by_name,
        reason=each.decision_reason,
        reopens=max(0, left),
    )


def _request(each: Any, known: dict[str, Subject]) -> Row:
    subject = each.subject
    shown = [(subject.id, subject.name, each.grade_name)]
    return _row(each, shown, subject.name, [each.message])


def _application(each: Any, known: dict[str, Subject]) -> Row:
    texts = [each.motivation, each.qualifications, each.experience]
    return _row(each, _wanted(each.subject_ids, known), "", texts)


REQUESTS = Queue(
    name="requests",
    path="/admin/requests",
    pending=enrollments.PENDING,
    decided=enrollments.ALL,
    list_pending=enrollments.list_pending,
    list_decided=enrollments.list_all,
    decide_many=enrollment.decide_many,
    decision=Decision,
    row=_request,
    descriptions=queries.REQUESTS,
)
MENTORS = Queue(
    name="mentors",
    path="/admin/mentors",
    pending=applications.PENDING,
    decided=applications.ALL,
    list_pending=applications.list_pending,
    list_decided=applications.list_all,
    decide_many=mentors.decide_many,
    decision=ApplicationDecision,
    row=_application,
    descriptions=queries.APPLICATIONS,
)
