"""Several decisions in one request, and undoing a recent decision."""

from __future__ import annotations

from contextlib import suppress

import asyncpg

from akako.authority.decisions import TOO_LATE, describe, refuse_own_request
from akako.education import queries as education_queries
from akako.education import service as education
from akako.education.schemas import SubjectUpdate
from akako.education.service import Edit
from akako.identity import queries as identity
from akako.identity.schemas import User
from akako.kernel.core.access import Actor, refuse_impersonated
from akako.kernel.core.errors import ApiError, Conflict, InvalidState, NotFound
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.mentors import queries, service
from akako.mentors.schemas import (
    APPROVED,
    PENDING,
    REJECTED,
    ApplicationDecision,
    ApplicationDecisionResult,
    Approval,
    MentorApplication,
)
from akako.notifications import service as notifications


async def decide_many(
    db: Database, actor: Actor, *, decisions: list[ApplicationDecision]
) -> list[ApplicationDecisionResult]:
    """Apply each decision separately; a failed one does not undo the others."""
    subjects = {each for one in decisions for each in one.subject_ids or []}
    ids = [each.id for each in decisions]
    async with db.transaction() as tx:
        await queries.lock_all(tx, ids, sorted(subjects))
        results = [await _result(tx, actor, each) for each in decisions]
        await describe(tx, "mentor_applications", results)
        return results


async def _result(
    tx: Database, actor: Actor, one: ApplicationDecision
) -> ApplicationDecisionResult:
    try:
        decided = await _decide(tx, actor, one)
    except ApiError as problem:
        return ApplicationDecisionResult(
            id=one.id,
            ok=False,
            code=problem.code,
            error=problem.message,
            details=dict(problem.details),
        )
    return ApplicationDecisionResult(id=one.id, ok=True, status=decided.status)


async def _decide(tx: Database, actor: Actor, one: ApplicationDecision) -> MentorApplication:
    remark = one.note or one.reason or None
    if one.decision == "reopen":
        return await reopen(tx, actor, one.id)
    if one.decision == "reject":
        return await service.reject(tx, actor, one.id, reason=remark)
    approval = Approval(
        subject_ids=one.subject_ids, effective_end_date=one.effective_end_date, note=remark
    )
    return await service.approve(tx, actor, one.id, approval=approval)


async def reopen(db: Database, actor: Actor, application_id: str) -> MentorApplication:
    """Undo a recent decision, and what an approval changed.

    Raises:
        Forbidden: the application is the actor's own.
        InvalidState: there is no decision, or it is too old.
        Conflict: the user has made another application since.
    """
    refuse_impersonated(actor)
    async with db.transaction() as tx:
        before = await queries.lock(tx, application_id)
        if before is None:
            raise NotFound("mentor_application", application_id)
        await refuse_own_request(tx, actor, before.user_id)
        effects = await queries.effects(tx, application_id)
        after = await _reopened(tx, before)
        await identity.get_user(tx, before.user_id, User, lock=True)
        await _take_back_subjects(tx, actor, before.user_id, effects.subjects)
        await _close_role(tx, actor, before.user_id, effects.role_id)
        await service.record(tx, actor, "reopened", before, after)
        await notifications.withdraw(tx, before.user_id, application_id)
        return after


async def _reopened(tx: Database, before: MentorApplication) -> MentorApplication:
    try:
        async with tx.transaction():
            after = await queries.reopen(tx, before.id)
    except asyncpg.UniqueViolationError:
        raise Conflict("mentor_application", "status", PENDING) from None
    if after is None:
        expected = [APPROVED, REJECTED]
        raise InvalidState("mentor_application", before.id, before.status, expected, TOO_LATE)
    return after


async def _take_back_subjects(
    tx: Database, actor: Actor, mentor_id: str, assigned: dict[str, str | None]
) -> None:
    """Give subjects that still belong to the mentor back to their mentors before.

    A subject is left without a mentor if that user can no longer teach.
    """
    for subject_id, before in sorted(assigned.items()):
        if await queries.lock_mentor(tx, subject_id) != mentor_id:
            continue
        able = before is not None and await education_queries.can_teach(tx, before)
        edit = Edit(SubjectUpdate(mentor_id=before if able else None))
        with suppress(NotFound):  # deleted since
            await education.update_subject(tx, actor, subject_id, edit=edit)


async def _close_role(tx: Database, actor: Actor, user_id: str, role_id: str | None) -> None:
    """Close the role window that the approval opened, unless it has ended."""
    role = await queries.cancel_window(tx, role_id, actor.user_id) if role_id else None
    if role:
        changes = {"before": {"role": role}, "announces": {"userId": user_id, "role": role}}
        await audit.record(tx, actor, "user_role.removed", "user", user_id, **changes)
