"""Learners apply to become mentors, administrators decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import ApplicationQuery, DatedQuery, PendingApplicationQuery
from akako_lms._session import Page
from akako_lms._wire import given, listed, segment
from akako_lms.models import DecisionResult, DecisionResults, MentorApplication, PendingApplication

if TYPE_CHECKING:
    from typing import NotRequired

    from typing_extensions import Unpack

ADMIN = "/admin/mentor"


class ApplicationDecision(TypedDict):
    """One of many decisions. The last three are of an approval."""

    id: str
    decision: Literal["approve", "reject", "reopen"]
    reason: NotRequired[str]
    note: NotRequired[str]
    subjectIds: NotRequired[Sequence[str]]
    effectiveEndDate: NotRequired[str]


class Mentors(Area[D]):
    """Applications to become a mentor."""

    @operation
    async def apply(
        self,
        *,
        motivation: str,
        qualifications: str | None = None,
        experience: str | None = None,
        subject_ids: str | Sequence[str] = (),
    ) -> MentorApplication:
        """Apply to become a mentor, for these subjects or for any."""
        body = given(
            motivation=motivation,
            qualifications=qualifications,
            experience=experience,
            subject_ids=listed(subject_ids),
        )
        return await self._session.one(MentorApplication, "POST", "/mentor/apply", body=body)

    @operation
    async def get_my_applications(self, **query: Unpack[DatedQuery]) -> Page[MentorApplication]:
        """List the caller's applications."""
        path = "/mentor/applications/me"
        return await self._session.page(MentorApplication, path, query, DatedQuery)

    @operation
    async def get_pending_applications(
        self, **query: Unpack[PendingApplicationQuery]
    ) -> Page[PendingApplication]:
        """List the applications that wait for a decision."""
        return await self._session.page(
            PendingApplication, f"{ADMIN}/pending", query, PendingApplicationQuery
        )

    @operation
    async def get_applications(self, **query: Unpack[ApplicationQuery]) -> Page[PendingApplication]:
        """List applications in all states, newest first."""
        return await self._session.page(PendingApplication, ADMIN, query, ApplicationQuery)

    iter_my_applications = iteration(get_my_applications)
    iter_pending_applications = iteration(get_pending_applications)
    iter_applications = iteration(get_applications)

    @operation
    async def approve_application(
        self,
        application_id: str,
        *,
        subject_ids: str | Sequence[str] | None = None,
        effective_end_date: datetime | None = None,
        note: str | None = None,
        if_match: str | None = None,
    ) -> MentorApplication:
        """Make the applicant a mentor, of these subjects, for good or until a given moment."""
        subjects = None if subject_ids is None else listed(subject_ids)
        body = given(subject_ids=subjects, effective_end_date=effective_end_date, note=note)
        path = f"{ADMIN}/{segment(application_id)}/approve"
        return await self._session.one(MentorApplication, "PUT", path, body=body, if_match=if_match)

    @operation
    async def reject_application(
        self, application_id: str, *, reason: str | None = None, if_match: str | None = None
    ) -> MentorApplication:
        """Reject an application."""
        path = f"{ADMIN}/{segment(application_id)}/reject"
        return await self._session.one(
            MentorApplication, "PUT", path, body=given(reason=reason), if_match=if_match
        )

    @operation
    async def reopen_application(self, application_id: str) -> MentorApplication:
        """Undo a decision of the last 30 seconds, with the role and subjects it assigned."""
        path = f"{ADMIN}/{segment(application_id)}/reopen"
        return await self._session.one(MentorApplication, "POST", path)

    @operation
    async def decide_applications(
        self, decisions: Sequence[ApplicationDecision]
    ) -> list[DecisionResult]:
        """Decide on many applications at once; one result for each, in their order."""
        body = {"decisions": decisions}
        answer = await self._session.one(DecisionResults, "POST", f"{ADMIN}/decisions", body=body)
        return answer.results
