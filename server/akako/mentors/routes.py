"""Endpoints of mentor applications."""

from __future__ import annotations

from akako.kernel.core.access import ADMIN, LEARNER, SIGNED_IN, requires
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.core.errors import Conflict, InvalidState
from akako.kernel.core.ids import EXAMPLE
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get, post, put
from akako.mentors import queries, reopening, service
from akako.mentors.schemas import (
    APPLICATION_BYTES,
    DECISIONS_BYTES,
    ApplicationDecisionResults,
    ApplicationDecisions,
    ApplicationRequest,
    Approval,
    MentorApplication,
    PendingApplication,
    Rejection,
)

TAG = Tag("Mentor Applications", "Learners apply to become mentors, administrators decide.")


@post(
    "/mentor/apply",
    access=requires(LEARNER),
    example={"motivation": "I have taught mathematics for five years."},
    body_limit=APPLICATION_BYTES,
    errors=(409,),
)
async def apply_as_mentor(ctx: Context, data: ApplicationRequest) -> Created[MentorApplication]:
    """Apply to become a mentor."""
    application = await service.apply(ctx.db, ctx.actor, request=data)
    message = "Mentor application submitted successfully"
    location = "/api/mentor/applications/me"
    return Created(data=application, location=location, message=message, etag=True)


@get("/mentor/applications/me", access=SIGNED_IN, listing=queries.OWN)
async def list_my_applications(ctx: Context, request: listing.Request) -> Listed[MentorApplication]:
    """List the caller's own mentor applications in all states."""
    return await queries.list_of_user(ctx.db, ctx.actor.user_id, request)


@get("/admin/mentor/pending", access=requires(ADMIN), listing=queries.PENDING)
async def list_pending_applications(
    ctx: Context, request: listing.Request
) -> Listed[PendingApplication]:
    """List pending mentor applications.

    `search` applies to the applicant's e-mail address and name.
    """
    return await queries.list_pending(ctx.db, request)


@get("/admin/mentor", access=requires(ADMIN), listing=queries.ALL)
async def list_applications(ctx: Context, request: listing.Request) -> Listed[PendingApplication]:
    """List mentor applications in all states, newest first.

    `search` applies to the applicant's e-mail address and name.
    """
    return await queries.list_all(ctx.db, request)


@put(
    "/admin/mentor/{mentor_application_id}/approve",
    access=requires(ADMIN),
    resource="mentor_application",
    errors=(412,),
    refusals=(Conflict, InvalidState),
    body_optional=True,
    changes_public=True,
)
async def approve_application(
    ctx: Context, mentor_application_id: str, data: Approval
) -> Ok[MentorApplication]:
    """Approve a mentor application.

    The applicant gets the role MENTOR and the named subjects in the same transaction. A repeated
    decision changes nothing.
    """
    application = await service.approve(
        ctx.db,
        ctx.actor,
        mentor_application_id,
        approval=data,
        if_match=ctx.header("if-match"),
    )
    return Ok(data=application, message="Mentor application approved successfully", etag=True)


@put(
    "/admin/mentor/{mentor_application_id}/reject",
    access=requires(ADMIN),
    resource="mentor_application",
    errors=(412,),
    refusals=(InvalidState,),
    body_optional=True,
)
async def reject_application(
    ctx: Context, mentor_application_id: str, data: Rejection
) -> Ok[MentorApplication]:
    """Reject a mentor application. A repeated decision changes nothing."""
    application = await service.reject(
        ctx.db,
        ctx.actor,
        mentor_application_id,
        reason=data.reason or None,
        if_match=ctx.header("if-match"),
    )
    return Ok(data=application, message="Mentor application rejected successfully", etag=True)


@post(
    "/admin/mentor/decisions",
    example={"decisions": [{"id": EXAMPLE, "decision": "approve"}]},
    access=requires(ADMIN),
    body_limit=DECISIONS_BYTES,
    changes_public=True,
)
async def decide_applications(
    ctx: Context, data: ApplicationDecisions
) -> Ok[ApplicationDecisionResults]:
    """Decide on up to 200 mentor applications at once.

    Each decision succeeds or fails separately. The results have the order of the decisions.
    """
    results = await reopening.decide_many(ctx.db, ctx.actor, decisions=data.decisions)
    message = "Mentor applications decided successfully"
    return Ok(data=ApplicationDecisionResults(results), message=message)


@post(
    "/admin/mentor/{mentor_application_id}/reopen",
    access=requires(ADMIN),
    resource="mentor_application",
    refusals=(Conflict, InvalidState),
    replays=True,
    changes_public=True,
)
async def reopen_application(ctx: Context, mentor_application_id: str) -> Ok[MentorApplication]:
    """Undo a decision of the last 30 seconds. The application becomes pending again.

    The role window that the approval opened is closed. The subjects that it assigned go back to
    their mentors before, unless they were reassigned since.
    """
    application = await reopening.reopen(ctx.db, ctx.actor, mentor_application_id)
    return Ok(data=application, message="Mentor application reopened successfully", etag=True)
