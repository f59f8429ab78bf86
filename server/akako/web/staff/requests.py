"""The administrator's queues: requests for subjects and mentor applications."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from akako.enrollment import queries as enrollments
from akako.enrollment import service as enrollment
from akako.enrollment.schemas import MAX_DECISIONS, Decision, DecisionResult, PendingEnrollment
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import ApiError
from akako.kernel.db import listing
from akako.mentors import queries as applications
from akako.mentors import service as mentors
from akako.mentors.schemas import Approval
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page

PER_PAGE = "20"
VERDICTS = ("approve", "reject")


def routes(site: Site) -> list[Route]:
    post = ("POST",)
    return [
        page("/admin/requests", show_requests, site=site, roles=(ADMIN,)),
        page("/admin/requests", decide_requests, site=site, roles=(ADMIN,), methods=post),
        page("/admin/requests/undo", undo_requests, site=site, roles=(ADMIN,), methods=post),
        page("/admin/mentors", show_mentors, site=site, roles=(ADMIN,)),
        page("/admin/mentors", decide_mentor, site=site, roles=(ADMIN,), methods=post),
    ]


def person_name(user: Any) -> str:
    """Return a name to show: names, else username, address or id."""
    names = " ".join(name for name in (user.first_name, user.last_name) if name)
    return str(names or user.username or user.email or user.id)


def queue_request(visit: Visit, spec: listing.Spec) -> tuple[listing.Request, str]:
    """Return the page of a queue that the address asks for, and the search text."""
    return list_request(visit.request.query_params, spec, limit=PER_PAGE, order="asc")


async def show_requests(visit: Visit) -> Any:
    return await _queue(visit)


async def _queue(
    visit: Visit,
    *,
    said: str | None = None,
    undo: list[str] | None = None,
    failures: list[str] | None = None,
) -> Any:
    request, search = queue_request(visit, enrollments.PENDING)
    listed = await enrollments.list_pending(visit.site.db, request)
    return visit.page(
        "admin_requests.html",
        visit.text("Enrollment requests"),
        said=said,
        rows=[_row(each) for each in listed.data],
        search=search,
        pages=listed.pagination,
        link=page_links("/admin/requests", q=search),
        undo=undo or [],
        failures=failures or [],
    )


def _row(each: PendingEnrollment) -> dict[str, Any]:
    return {
        "id": each.id,
        "learner": person_name(each.user),
        "subject": each.subject.name,
        "subject_id": each.subject.id,
        "message": each.message,
        "at": each.requested_at,
    }


async def decide_requests(visit: Visit) -> Any:
    """Decide one request, or all selected ones; failed ones are named and stay."""
    name, _, single = visit.field("decide").partition(":")
    chosen = [single] if single else visit.fields("id")
    verdict = name if name in VERDICTS else "reject"
    note = visit.field("note").strip() or None
    decisions = [
        Decision(id=each, decision=verdict, note=note)  # type: ignore[arg-type]
        for each in dict.fromkeys(chosen[:MAX_DECISIONS])
    ]
    if not decisions:
        return await _queue(visit, said=visit.text("Select at least one request."))
    names = {row.id: person_name(row.user) for row in await _pending(visit)}
    results = await enrollment.decide_many(visit.db, visit.actor, decisions=decisions)
    decided = [each.id for each in results if each.ok]
    return await _queue(
        visit,
        said=_said(visit, verdict, len(decided), len(results) - len(decided)),
        undo=decided,
        failures=[_failure(each, names) for each in results if not each.ok],
    )


async def _pending(visit: Visit) -> list[PendingEnrollment]:
    request = listing.read(enrollments.PENDING, {"limit": "100", "order": "asc"})
    return list((await enrollments.list_pending(visit.site.db, request)).data)


def _said(visit: Visit, verdict: str, done: int, failed: int) -> str:
    word = "%(n)s approved." if verdict == "approve" else "%(n)s rejected."
    said = visit.text(word, n=done)
    return f"{said} {visit.text('%(n)s could not be decided.', n=failed)}" if failed else said


def _failure(result: DecisionResult, names: dict[str, str]) -> str:
    return f"{names.get(result.id, result.id)}: {result.error}"


async def undo_requests(visit: Visit) -> Any:
    """Reopen decisions of the last 30 seconds."""
    undone, failures = 0, []
    for each in visit.fields("id")[:MAX_DECISIONS]:
        try:
            await enrollment.reopen(visit.db, visit.actor, each)
            undone += 1
        except ApiError as problem:
            failures.append(problem.message)
    return await _queue(visit, said=visit.text("%(n)s undone.", n=undone), failures=failures)


async def show_mentors(visit: Visit) -> Any:
    return await _mentor_queue(visit)


async def _mentor_queue(visit: Visit, *, said: str | None = None, failure: str = "") -> Any:
    request, search = queue_request(visit, applications.PENDING)
    listed = await applications.list_pending(visit.site.db, request)
    rows = [{"name": person_name(each.user), "application": each} for each in listed.data]
    return visit.page(
        "admin_mentors.html",
        visit.text("Mentor applications"),
        said=said,
        rows=rows,
        search=search,
        pages=listed.pagination,
        link=page_links("/admin/mentors", q=search),
        failure=failure,
    )


async def decide_mentor(visit: Visit) -> Any:
    """Approve or reject one application."""
    verdict, _, application_id = visit.field("decide").partition(":")
    note = visit.field("note").strip() or None
    try:
        if verdict == "approve":
            approval = Approval(note=note)
            await mentors.approve(visit.db, visit.actor, application_id, approval=approval)
            return await _mentor_queue(visit, said=visit.text("1 approved."))
        await mentors.reject(visit.db, visit.actor, application_id, reason=note)
    except ApiError as problem:
        return await _mentor_queue(visit, failure=problem.message)
    return await _mentor_queue(visit, said=visit.text("1 rejected."))
