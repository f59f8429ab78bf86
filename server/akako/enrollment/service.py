"""Business rules of enrollments."""

from __future__ import annotations

import asyncpg

from akako.authority.decisions import TOO_LATE, describe, refuse_own_request
from akako.education import queries as education
from akako.education.nodes import SUBJECTS
from akako.enrollment import queries
from akako.enrollment.schemas import (
    APPROVED,
    CANCELLED,
    PENDING,
    REJECTED,
    Decision,
    DecisionResult,
    Enrollment,
    EnrollmentRequest,
)
from akako.identity import roles
from akako.kernel.core import etags
from akako.kernel.core.access import LEARNER, Actor
from akako.kernel.core.errors import ApiError, Conflict, InvalidState, NotFound, ValidationFailed
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.notifications import service as notifications
from akako.notifications.schemas import Type

STATUS_OF = {"approve": APPROVED, "reject": REJECTED}


async def request_enrollment(
    db: Database, actor: Actor, *, request: EnrollmentRequest
) -> Enrollment:
    """Request enrollment. Raises Conflict if a request is pending or was approved."""
    subject_id = request.subject_id
    async with db.transaction() as tx:
        try:
            enrollment = await queries.request(tx, actor, subject_id, request.message or None)
        except asyncpg.UniqueViolationError:
            raise Conflict("enrollment", "subjectId", subject_id) from None
        if enrollment is None:
            raise await _why_not(tx, actor, subject_id)
        await _record(tx, actor, "requested", None, enrollment)
        facts = {"enrollmentId": enrollment.id, "subjectId": enrollment.subject_id}
        await notifications.notify_admins(tx, "enrollment.requested", facts)
        return enrollment


async def _why_not(tx: Database, actor: Actor, subject_id: str) -> ApiError:
    """Return the error for a subject that cannot be requested."""
    if not await education.find(tx, actor, SUBJECTS, subject_id, inactive=False):
        return NotFound("subject", subject_id)
    if await queries.count_recent(tx, actor.user_id) >= queries.MAX_DAILY:
        message = f"Only {queries.MAX_DAILY} requests can be made in 24 hours"
        return Conflict("enrollment", "requests", queries.MAX_DAILY, message)
    message = "Mentors cannot enroll in their own subject"
    return ValidationFailed.of("subjectId", message, subject_id)


async def decide(
    db: Database,
    actor: Actor,
    enrollment_id: str,
    *,
    status: str,
    reason: str | None,
    if_match: str | None = None,
) -> Enrollment:
    """Approve or reject a request. A repeated decision changes nothing.

    Raises:
        Forbidden: the request is the actor's own.
        InvalidState: there is another decision, the request was cancelled, or it cannot be
            approved because the learner is not active or the subject was deleted.
    """
    async with db.transaction() as tx:
        before = await _locked(tx, enrollment_id)
        await refuse_own_request(tx, actor, before.user_id)
        etags.require(if_match, before)
        if before.status == status:
            return before
        if before.status != PENDING:
            raise InvalidState("enrollment", enrollment_id, before.status, [PENDING])
        if status == APPROVED:
            await _check_approvable(tx, before)
        after = await queries.set_decision(tx, enrollment_id, status, actor.user_id, reason)
        await _record(tx, actor, status.lower(), before, after)
        await _notify(tx, after)
        return after


async def _locked(tx: Database, enrollment_id: str) -> Enrollment:
    enrollment = await queries.lock(tx, enrollment_id)
    if enrollment is None:
        raise NotFound("enrollment", enrollment_id)
    return enrollment


async def _check_approvable(tx: Database, enrollment: Enrollment) -> None:
    """Check and lock learner and subject, so that neither is removed before the commit."""
    user_id, subject_id = enrollment.user_id, enrollment.subject_id
    status = await queries.hold_learner(tx, user_id)
    if status != "ACTIVE":
        message = "The learner's account is not active"
        raise InvalidState("user", user_id, status, ["ACTIVE"], message)
    if not await roles.holds(tx, user_id, LEARNER):
        message = "The user is no longer a learner"
        raise InvalidState("user_role", user_id, "ENDED", ["EFFECTIVE"], message)
    if not await education.find(tx, None, SUBJECTS, subject_id, inactive=True, lock="hold"):
        message = "The subject was deleted"
        raise InvalidState("subject", subject_id, "DELETED", ["ACTIVE"], message)


async def decide_many(
    db: Database, actor: Actor, *, decisions: list[Decision]
) -> list[DecisionResult]:
    """Apply each decision separately; a failed one does not undo the others."""
    ids = [each.id for each in decisions]
    async with db.transaction() as tx:
        await queries.lock_all(tx, ids)
        results = [await _result(tx, actor, each) for each in decisions]
        await describe(tx, "enrollments", results)
        return results


async def _result(tx: Database, actor: Actor, one: Decision) -> DecisionResult:
    reason = one.note or one.reason or None
    try:
        if one.decision == "reopen":
            decided = await reopen(tx, actor, one.id)
        else:
            status = STATUS_OF[one.decision]
            decided = await decide(tx, actor, one.id, status=status, reason=reason)
    except ApiError as problem:
        return DecisionResult(
            id=one.id,
            ok=False,
            code=problem.code,
            error=problem.message,
            details=dict(problem.details),
        )
    return DecisionResult(id=one.id, ok=True, status=decided.status)


async def reopen(db: Database, actor: Actor, enrollment_id: str) -> Enrollment:
    """Undo a recent decision.

    Raises:
        Forbidden: the request is the actor's own.
        InvalidState: there is no decision, or it is too old.
        Conflict: the learner has made another request since.
    """
    async with db.transaction() as tx:
        before = await _locked(tx, enrollment_id)
        await refuse_own_request(tx, actor, before.user_id)
        try:
            async with tx.transaction():
                after = await queries.reopen(tx, enrollment_id)
        except asyncpg.UniqueViolationError:
            raise Conflict("enrollment", "subjectId", before.subject_id) from None
        if after is None:
            expected = [APPROVED, REJECTED]
            raise InvalidState("enrollment", enrollment_id, before.status, expected, TOO_LATE)
        await _record(tx, actor, "reopened", before, after)
        await notifications.withdraw(tx, after.user_id, enrollment_id)
        return after


async def cancel(db: Database, actor: Actor, enrollment_id: str) -> Enrollment:
    """Withdraw an own request, or leave the subject. A repeated call changes nothing."""
    async with db.transaction() as tx:
        before = await _locked(tx, enrollment_id)
        if before.user_id != actor.user_id:
            raise NotFound("enrollment", enrollment_id)
        if before.status == CANCELLED:
            return before
        if before.status == REJECTED:
            raise InvalidState("enrollment", enrollment_id, REJECTED, [PENDING, APPROVED])
        after = await queries.set_cancelled(tx, enrollment_id)
        await _record(tx, actor, "cancelled", before, after)
        return after


async def _notify(tx: Database, decided: Enrollment) -> None:
    """Notify the learner of a decision, once it can no longer be undone."""
    facts = {"enrollmentId": decided.id, "subjectId": decided.subject_id}
    type: Type = "enrollment.approved" if decided.status == APPROVED else "enrollment.rejected"
    await notifications.notify_of_decision(tx, decided.user_id, type, facts, about=decided.id)


async def _record(
    tx: Database, actor: Actor, verb: str, before: Enrollment | None, after: Enrollment
) -> None:
    """Write the audit entry and event of an action, without texts that people wrote."""
    await audit.record(
        tx,
        actor,
        f"enrollment.{verb}",
        "enrollment",
        after.id,
        before=before and _facts(before),
        after=_facts(after),
        announces={
            "enrollmentId": after.id,
            "userId": after.user_id,
            "subjectId": after.subject_id,
        },
    )


def _facts(enrollment: Enrollment) -> dict[str, object]:
    return {
        "status": enrollment.status,
        "userId": enrollment.user_id,
        "subjectId": enrollment.subject_id,
        "decidedAt": enrollment.decided_at,
        "decidedBy": enrollment.decided_by,
    }
