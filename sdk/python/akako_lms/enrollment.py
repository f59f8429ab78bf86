"""Learners ask to enroll in subjects, administrators decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import DatedQuery, EnrollmentQuery, PendingEnrollmentQuery
from akako_lms._session import Page
from akako_lms._wire import given, segment
from akako_lms.models import DecisionResult, DecisionResults, Enrollment, PendingEnrollment

if TYPE_CHECKING:
    from typing import NotRequired

    from typing_extensions import Unpack

ADMIN = "/admin/enrollment"


class Decision(TypedDict):
    """One of many decisions."""

    id: str
    decision: Literal["approve", "reject", "reopen"]
    reason: NotRequired[str]


class Enrollments(Area[D]):
    """Requests to enroll."""

    @operation
    async def request_enrollment(
        self, subject_id: str, *, message: str | None = None
    ) -> Enrollment:
        """Ask to enroll in a subject."""
        body = given(subject_id=subject_id, message=message)
        return await self._session.one(Enrollment, "POST", "/enrollment/request", body=body)

    @operation
    async def get_my_enrollments(self, **query: Unpack[DatedQuery]) -> Page[Enrollment]:
        """List the caller's requests."""
        return await self._session.page(Enrollment, "/enrollment/me", query, DatedQuery)

    @operation
    async def get_pending_enrollments(
        self, **query: Unpack[PendingEnrollmentQuery]
    ) -> Page[PendingEnrollment]:
        """List the requests that wait for a decision."""
        return await self._session.page(
            PendingEnrollment, f"{ADMIN}/pending", query, PendingEnrollmentQuery
        )

    @operation
    async def get_enrollments(self, **query: Unpack[EnrollmentQuery]) -> Page[PendingEnrollment]:
        """List requests in all states, newest first."""
        return await self._session.page(PendingEnrollment, ADMIN, query, EnrollmentQuery)

    iter_my_enrollments = iteration(get_my_enrollments)
    iter_pending_enrollments = iteration(get_pending_enrollments)
    iter_enrollments = iteration(get_enrollments)

    @operation
    async def cancel_enrollment(self, enrollment_id: str) -> Enrollment:
        """Withdraw an own request or leave the subject."""
        path = f"/enrollment/{segment(enrollment_id)}/cancel"
        return await self._session.one(Enrollment, "POST", path)

    @operation
    async def approve_enrollment(
        self, enrollment_id: str, *, note: str | None = None, if_match: str | None = None
    ) -> Enrollment:
        """Approve a request."""
        return await self._decide(enrollment_id, "approve", given(note=note), if_match)

    @operation
    async def reject_enrollment(
        self, enrollment_id: str, *, reason: str | None = None, if_match: str | None = None
    ) -> Enrollment:
        """Reject a request."""
        return await self._decide(enrollment_id, "reject", given(reason=reason), if_match)

    @operation
    async def reopen_enrollment(self, enrollment_id: str) -> Enrollment:
        """Make a decided request pending again."""
        path = f"{ADMIN}/{segment(enrollment_id)}/reopen"
        return await self._session.one(Enrollment, "POST", path)

    @operation
    async def decide_enrollments(self, decisions: Sequence[Decision]) -> list[DecisionResult]:
        """Decide on many requests at once; one result for each, in their order."""
        body = {"decisions": decisions}
        answer = await self._session.one(DecisionResults, "POST", f"{ADMIN}/decisions", body=body)
        return answer.results

    async def _decide(
        self, id: str, verdict: str, body: dict[str, str], if_match: str | None
    ) -> Enrollment:
        path = f"{ADMIN}/{segment(id)}/{verdict}"
        return await self._session.one(Enrollment, "PUT", path, body=body, if_match=if_match)
