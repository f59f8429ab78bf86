"""Endpoints of enrollments."""

from __future__ import annotations

from akako.enrollment import queries, service
from akako.enrollment.schemas import (
    APPROVED,
    DECISIONS_BYTES,
    REJECTED,
    Approval,
    DecisionResults,
    Decisions,
    Enrollment,
    EnrollmentRequest,
    PendingEnrollment,
    Rejection,
)
from akako.kernel.core.access import ADMIN, LEARNER, SIGNED_IN, requires
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.core.errors import Conflict, InvalidState
from akako.kernel.core.ids import EXAMPLE
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get, post, put

TAG = Tag("Enrollment System", "Learners request enrollment, administrators decide.")


@post("/enrollment/request", access=requires(LEARNER), errors=(404, 409))
async def request_enrollment(ctx: Context, data: EnrollmentRequest) -> Created[Enrollment]:
    """Request enrollment in a subject."""
    enrollment = await service.request_enrollment(ctx.db, ctx.actor, request=data)
    message = "Enrollment requested successfully"
    return Created(data=enrollment, location="/api/enrollment/me", message=message, etag=True)


@get("/enrollment/me", access=SIGNED_IN, listing=queries.OWN)
async def list_my_enrollments(ctx: Context, request: listing.Request) -> Listed[Enrollment]:
    """List the caller's own enrollments in all states."""
    return await queries.list_of_user(ctx.db, ctx.actor.user_id, request)


@post(
    "/enrollment/{enrollment_id}/cancel",
    access=SIGNED_IN,
    resource="enrollment",
    refusals=(InvalidState,),
    replays=True,
)
async def cancel_enrollment(ctx: Context, enrollment_id: str) -> Ok[Enrollment]:
    """Cancel an own enrollment.

    Withdraws a pending request or ends an approved enrollment. A repeated request changes nothing.
    """
    enrollment = await service.cancel(ctx.db, ctx.actor, enrollment_id)
    return Ok(data=enrollment, message="Enrollment cancelled successfully", etag=True)


@get("/admin/enrollment/pending", access=requires(ADMIN), listing=queries.PENDING)
async def list_pending_enrollments(
    ctx: Context, request: listing.Request
) -> Listed[PendingEnrollment]:
    """List pending enrollment requests.

    `search` applies to the learner's e-mail address and name, and to the subject's name.
    """
    return await queries.list_pending(ctx.db, request)


@get("/admin/enrollment", access=requires(ADMIN), listing=queries.ALL)
async def list_enrollments(ctx: Context, request: listing.Request) -> Listed[PendingEnrollment]:
    """List enrollments in all states, newest first.

    `search` applies to the learner's e-mail address and name, and to the subject's name.
    """
    return await queries.list_all(ctx.db, request)


@put(
    "/admin/enrollment/{enrollment_id}/approve",
    access=requires(ADMIN),
    resource="enrollment",
    errors=(412,),
    refusals=(InvalidState,),
    body_optional=True,
)
async def approve_enrollment(ctx: Context, enrollment_id: str, data: Approval) -> Ok[Enrollment]:
    """Approve an enrollment request. A repeated decision changes nothing."""
    enrollment = await service.decide(
        ctx.db,
        ctx.actor,
        enrollment_id,
        status=APPROVED,
        reason=data.note or None,
        if_match=ctx.header("if-match"),
    )
    return Ok(data=enrollment, message="Enrollment approved successfully", etag=True)


@put(
    "/admin/enrollment/{enrollment_id}/reject",
    access=requires(ADMIN),
    resource="enrollment",
    errors=(412,),
    refusals=(InvalidState,),
    body_optional=True,
)
async def reject_enrollment(ctx: Context, enrollment_id: str, data: Rejection) -> Ok[Enrollment]:
    """Reject an enrollment request. A repeated decision changes nothing."""
    enrollment = await service.decide(
        ctx.db,
        ctx.actor,
        enrollment_id,
        status=REJECTED,
        reason=data.reason or None,
        if_match=ctx.header("if-match"),
    )
    return Ok(data=enrollment, message="Enrollment rejected successfully", etag=True)


@post(
    "/admin/enrollment/decisions",
    example={"decisions": [{"id": EXAMPLE, "decision": "approve"}]},
    access=requires(ADMIN),
    body_limit=DECISIONS_BYTES,
)
async def decide_enrollments(ctx: Context, data: Decisions) -> Ok[DecisionResults]:
    """Decide on up to 200 enrollment requests at once.

    Each decision succeeds or fails separately. The results have the order of the decisions.
    """
    results = await service.decide_many(ctx.db, ctx.actor, decisions=data.decisions)
    return Ok(data=DecisionResults(results), message="Enrollments decided successfully")


@post(
    "/admin/enrollment/{enrollment_id}/reopen",
    access=requires(ADMIN),
    resource="enrollment",
    refusals=(Conflict, InvalidState),
    replays=True,
)
async def reopen_enrollment(ctx: Context, enrollment_id: str) -> Ok[Enrollment]:
    """Undo a decision of the last 30 seconds. The request becomes pending again."""
    enrollment = await service.reopen(ctx.db, ctx.actor, enrollment_id)
    return Ok(data=enrollment, message="Enrollment reopened successfully", etag=True)
