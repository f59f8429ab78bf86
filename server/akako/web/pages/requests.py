"""A learner's requests: for subjects, and to become a mentor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from akako.authority.decisions import REOPEN_SECONDS
from akako.enrollment import service as enrollment
from akako.enrollment.schemas import APPROVED, CANCELLED, PENDING, REJECTED
from akako.kernel.core import validation
from akako.kernel.core.access import LEARNER
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.db import listing
from akako.mentors import queries as applications
from akako.mentors import service as mentors
from akako.mentors.schemas import ApplicationRequest, MentorApplication
from akako.web import guard
from akako.web.learners.asked import Asked, list_history
from akako.web.site import Site, Visit, page

WORDS = {
    "PENDING": "Waiting for a decision",
    "APPROVED": "Approved",
    "REJECTED": "Not approved",
    "CANCELLED": "Withdrawn",
}
TONES = {PENDING: "warn", APPROVED: "ok", REJECTED: "bad"}
FIELDS = ("motivation", "qualifications", "experience")


def routes(site: Site) -> list[Route]:
    return [
        page("/requests", show, site=site, roles=()),
        page("/requests/{enrollment_id}/withdraw", withdraw, site=site, methods=["POST"], roles=()),
        page("/mentor/apply", show_application, site=site, roles=(LEARNER,)),
        page("/mentor/apply", apply, site=site, methods=["POST"], roles=(LEARNER,)),
    ]


async def show(visit: Visit) -> Response:
    """Show the caller's requests and applications, the newest first."""
    learner = visit.actor.has(LEARNER)
    rows = [_request(visit, each, learner) for each in await list_history(visit.db, visit.actor)]
    rows += [_application(visit, each) for each in await _applications(visit, 10)]
    rows.sort(key=lambda row: row["at"], reverse=True)
    return visit.page("requests.html", visit.text("My requests"), rows=rows, learner=learner)


def _request(visit: Visit, each: Asked, learner: bool) -> dict[str, Any]:
    asks = learner and each.visible and each.latest and each.status in {REJECTED, CANCELLED}
    opens = each.visible and each.latest and each.status == APPROVED
    return {
        "title": each.subject or visit.text("A subject that is no longer offered"),
        "grade": each.grade,
        "href": f"/subjects/{each.subject_id}" if each.visible else None,
        "at": each.requested_at,
        "decided": each.decided_at,
        "status": each.status,
        "word": visit.text(WORDS[each.status]),
        "tone": TONES.get(each.status, ""),
        "message": each.message,
        "reason": each.reason,
        "withdraw": f"/requests/{each.id}/withdraw" if each.status == PENDING else None,
        "again": f"/subjects/{each.subject_id}/request" if asks else None,
        "open": f"/subjects/{each.subject_id}" if opens else None,
    }


def _application(visit: Visit, each: MentorApplication) -> dict[str, Any]:
    return {
        "title": visit.text("Mentor application"),
        "grade": "",
        "href": "/mentor/apply",
        "at": each.requested_at,
        "decided": each.decided_at,
        "status": each.status,
        "word": visit.text(WORDS[each.status]),
        "tone": TONES.get(each.status, ""),
        "message": None,
        "reason": each.decision_reason,
        "withdraw": None,
        "again": None,
        "open": "/teach" if each.status == APPROVED else None,
    }


async def _applications(visit: Visit, limit: int) -> list[MentorApplication]:
    """Return the latest applications. One whose decision can still be undone is pending."""
    wanted = listing.read(applications.OWN, {"limit": str(limit)})
    listed = await applications.list_of_user(visit.db, visit.actor.user_id, wanted)
    return [_shown(each) for each in listed.data]


def _shown(each: MentorApplication) -> MentorApplication:
    undo = timedelta(seconds=REOPEN_SECONDS)
    if each.decided_at and datetime.now(UTC) - each.decided_at < undo:
        each.status, each.decided_at, each.decision_reason = "PENDING", None, None
    return each


async def withdraw(visit: Visit) -> Response:
    await enrollment.cancel(visit.db, visit.actor, visit.param("enrollment_id"))
    return visit.go(guard.relative_path(visit.field("next"), "/requests"))


async def show_application(visit: Visit) -> Response:
    listed = await _applications(visit, 1)
    return _application_page(visit, listed[0] if listed else None)


def _application_page(
    visit: Visit, latest: MentorApplication | None, errors: list[tuple[str, str]] | None = None
) -> Response:
    return visit.page(
        "mentor_apply.html",
        visit.text("Become a mentor"),
        status=422 if errors else 200,
        latest=latest,
        word=visit.text(WORDS[latest.status]) if latest else "",
        waiting=latest is not None and latest.status == PENDING,
        errors=errors or [],
        given={name: visit.field(name) for name in FIELDS},
    )


async def apply(visit: Visit) -> Response:
    """Send the application; a text that cannot be accepted is shown again with the reason."""
    given = {name: text for name in FIELDS if (text := visit.field(name).strip())}
    try:
        application = validation.read(ApplicationRequest, given)
    except ValidationFailed as problem:
        return _application_page(visit, None, _errors(visit, problem))
    await mentors.apply(visit.db, visit.actor, request=application)
    return visit.go("/mentor/apply")


def _errors(visit: Visit, problem: ValidationFailed) -> list[tuple[str, str]]:
    """Return the field and what is wrong with it, in words for people."""
    found: dict[str, str] = {}
    for each in problem.violations:
        field = each["field"] if each["field"] in FIELDS else "motivation"
        blank = field == "motivation" and not visit.field(field).strip()
        found[field] = visit.text("Enter why you want to teach") if blank else each["message"]
    return list(found.items())
