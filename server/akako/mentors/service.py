"""Business rules of mentor applications."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
import msgspec

from akako.authority.decisions import refuse_own_request
from akako.education import service as education
from akako.education.schemas import SubjectUpdate
from akako.education.service import Edit
from akako.identity import queries as identity
from akako.identity import roles
from akako.identity.schemas import User
from akako.kernel.core import etags
from akako.kernel.core.access import MENTOR, Actor, refuse_impersonated
from akako.kernel.core.errors import (
    Conflict,
    InvalidState,
    NotFound,
    ValidationFailed,
    violation,
)
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.mentors import queries
from akako.mentors.queries import Effects
from akako.mentors.schemas import (
    APPROVED,
    PENDING,
    REJECTED,
    ApplicationRequest,
    Approval,
    MentorApplication,
)
from akako.notifications import service as notifications
from akako.notifications.schemas import Type


async def apply(db: Database, actor: Actor, *, request: ApplicationRequest) -> MentorApplication:
    """Create an application. Raises Conflict if one is pending or the caller is a mentor."""
    wanted = list(dict.fromkeys(request.subject_ids or []))
    async with db.transaction() as tx:
        _refuse_unknown(request.subject_ids or [], await queries.visible_subjects(tx, wanted))
        if actor.has(MENTOR):
            raise Conflict("user_role", "role", MENTOR, "You are a mentor already")
        if await queries.count_recent(tx, actor.user_id) >= queries.MAX_DAILY:
            message = f"Only {queries.MAX_DAILY} applications can be made in 24 hours"
            raise Conflict("mentor_application", "applications", queries.MAX_DAILY, message)
        try:
            async with tx.transaction():
                application = await queries.insert(tx, actor.user_id, request, wanted)
        except asyncpg.UniqueViolationError:
            raise Conflict("mentor_application", "status", PENDING) from None
        await record(tx, actor, "requested", None, application)
        facts = {"applicationId": application.id}
        await notifications.notify_admins(tx, "mentor_application.submitted", facts)
        return application


def _refuse_unknown(named: list[str], known: set[str]) -> None:
    problems = [
        violation(f"subjectIds[{n}]", "Unknown subject", subject_id)
        for n, subject_id in enumerate(named)
        if subject_id not in known
    ]
    if problems:
        raise ValidationFailed(problems)


async def approve(
    db: Database,
    actor: Actor,
    application_id: str,
    *,
    approval: Approval,
    if_match: str | None = None,
) -> MentorApplication:
    """Approve an application: decision, role and subjects in one transaction.

    A repeated call changes nothing.

    Raises InvalidState if the application was rejected or the applicant is not active, Conflict if
    the role would overlap a future one.
    """
    refuse_impersonated(actor)
    _check_end(approval)
    async with db.transaction() as tx:
        before = await _undecided(tx, actor, application_id, APPROVED, if_match)
        if before.status == APPROVED:
            return before
        end = approval.effective_end_date or None
        role_id = await _open_role(tx, actor, before.user_id, end)
        subjects = await _assign_subjects(tx, actor, before.user_id, approval.subject_ids or [])
        effects = Effects(role_id, subjects)
        return await _decide(tx, actor, before, APPROVED, approval.note or None, effects)


async def reject(
    db: Database,
    actor: Actor,
    application_id: str,
    *,
    reason: str | None,
    if_match: str | None = None,
) -> MentorApplication:
    """Reject an application; a repeated call changes nothing. Raises InvalidState if approved."""
    async with db.transaction() as tx:
        before = await _undecided(tx, actor, application_id, REJECTED, if_match)
        if before.status == REJECTED:
            return before
        return await _decide(tx, actor, before, REJECTED, reason, Effects())


def _check_end(approval: Approval) -> None:
    end = approval.effective_end_date or None
    if end and end <= datetime.now(UTC):
        message, shown = "Must be in the future", msgspec.to_builtins(end)
        raise ValidationFailed.of("effectiveEndDate", message, shown)


async def _undecided(
    tx: Database, actor: Actor, application_id: str, status: str, if_match: str | None
) -> MentorApplication:
    """Return the locked application, which is pending or already has this `status`."""
    application = await queries.lock(tx, application_id)
    if application is None:
        raise NotFound("mentor_application", application_id)
    await refuse_own_request(tx, actor, application.user_id)
    etags.require(if_match, application)
    if application.status not in (PENDING, status):
        raise InvalidState("mentor_application", application_id, application.status, [PENDING])
    return application


async def _open_role(tx: Database, actor: Actor, user_id: str, end: datetime | None) -> str | None:
    """Assign the role; return the id of its window, or None if the user holds it already."""
    user = await identity.get_user(tx, user_id, User, lock=True)
    if user is None or user.status != "ACTIVE":
        current = user.status if user else "DELETED"
        message = "The applicant's account is not active"
        raise InvalidState("user", user_id, current, ["ACTIVE"], message)
    if await queries.is_mentor(tx, user_id):
        return None
    role_id = await roles.open_window(tx, user_id, MENTOR, assigned_by=actor.user_id, end=end)
    granted = {"role": MENTOR, "effectiveEndDate": end}
    event = {"userId": user_id, "role": MENTOR}
    await audit.record(
        tx, actor, "user_role.assigned", "user", user_id, after=granted, announces=event
    )
    return role_id


async def _assign_subjects(
    tx: Database, actor: Actor, mentor_id: str, named: list[str]
) -> dict[str, str | None]:
    """Assign subjects; return those that changed with their mentors before.

    Raises ValidationFailed for unknown or deleted ones.
    """
    edit = Edit(SubjectUpdate(mentor_id=mentor_id))
    known: dict[str, str | None] = {}
    # Locked in the order of their ids, which prevents deadlocks.
    for subject_id in sorted(set(named)):
        with suppress(NotFound):
            before = await queries.lock_mentor(tx, subject_id)
            await education.update_subject(tx, actor, subject_id, edit=edit)
            known[subject_id] = before
    _refuse_unknown(named, set(known))
    return {subject: before for subject, before in known.items() if before != mentor_id}


async def _decide(
    tx: Database,
    actor: Actor,
    before: MentorApplication,
    status: str,
    reason: str | None,
    effects: Effects,
) -> MentorApplication:
    after = await queries.set_decision(tx, before.id, status, actor.user_id, reason, effects)
    await record(tx, actor, status.lower(), before, after)
    type: Type = "mentor_application.rejected"
    if status == APPROVED:
        type = "mentor_application.approved"
    facts = {"applicationId": after.id}
    await notifications.notify_of_decision(tx, after.user_id, type, facts, about=after.id)
    return after


async def record(
    tx: Database,
    actor: Actor,
    verb: str,
    before: MentorApplication | None,
    after: MentorApplication,
) -> None:
    """Write the audit entry and event of an action, without texts that people wrote."""
    await audit.record(
        tx,
        actor,
        f"mentor_application.{verb}",
        "mentor_application",
        after.id,
        before=before and _facts(before),
        after=_facts(after),
        announces={"applicationId": after.id, "userId": after.user_id},
    )


def _facts(application: MentorApplication) -> dict[str, object]:
    return {
        "status": application.status,
        "userId": application.user_id,
        "decidedAt": application.decided_at,
        "decidedBy": application.decided_by,
    }
