"""A learner's requests: for subjects, and to become a mentor."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from akako.enrollment import queries as enrollments
from akako.enrollment import service as enrollment
from akako.enrollment.schemas import PENDING, REJECTED, Enrollment
from akako.kernel.core import validation
from akako.kernel.core.access import LEARNER
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.db import listing
from akako.mentors import queries as applications
from akako.mentors import service as mentors
from akako.mentors.schemas import ApplicationRequest
from akako.web import guard
from akako.web.learners.queries import subject_names
from akako.web.site import Site, Visit, page

WORDS = {
    "PENDING": "Waiting for a decision",
    "APPROVED": "Approved",
    "REJECTED": "Not approved",
    "CANCELLED": "Withdrawn",
}
TONES = {"APPROVED": "ok", "REJECTED": "bad"}


def routes(site: Site) -> list[Route]:
    return [
        page("/requests", show, site=site, roles=()),
        page("/requests/{enrollment_id}/withdraw", withdraw, site=site, methods=["POST"], roles=()),
        page("/mentor/apply", show_application, site=site, roles=(LEARNER,)),
        page("/mentor/apply", apply, site=site, methods=["POST"], roles=(LEARNER,)),
    ]


async def show(visit: Visit) -> Response:
    """Show the caller's requests and applications, the newest first."""
    own = listing.read(enrollments.OWN, {"limit": "50"})
    listed = await enrollments.list_of_user(visit.db, visit.actor.user_id, own)
    names = await subject_names(visit.db, visit.actor, [each.subject_id for each in listed.data])
    applied = listing.read(applications.OWN, {"limit": "10"})
    mentor = await applications.list_of_user(visit.db, visit.actor.user_id, applied)
    rows = [_row(visit, each, names) for each in listed.data]
    rows += [
        {
            "title": visit.text("Mentor application"),
            "href": "/mentor/apply",
            "at": each.requested_at,
            "word": visit.text(WORDS[each.status]),
            "tone": TONES.get(each.status, ""),
            "reason": each.decision_reason,
            "withdraw": None,
            "again": None,
        }
        for each in mentor.data
    ]
    rows.sort(key=lambda row: str(row["at"]), reverse=True)
    return visit.page("requests.html", visit.text("My requests"), rows=rows)


def _row(visit: Visit, each: Enrollment, names: dict[str, str]) -> dict[str, object]:
    name = names.get(each.subject_id)
    return {
        "title": name or visit.text("A subject that is no longer offered"),
        "href": f"/subjects/{each.subject_id}" if name else None,
        "at": each.requested_at,
        "word": visit.text(WORDS[each.status]),
        "tone": TONES.get(each.status, ""),
        "reason": each.decision_reason,
        "withdraw": f"/requests/{each.id}/withdraw" if each.status == PENDING else None,
        "again": f"/subjects/{each.subject_id}" if each.status == REJECTED and name else None,
    }


async def withdraw(visit: Visit) -> Response:
    await enrollment.cancel(visit.db, visit.actor, visit.param("enrollment_id"))
    return visit.go(guard.relative_path(visit.field("next"), "/requests"))


async def show_application(visit: Visit) -> Response:
    applied = listing.read(applications.OWN, {"limit": "1"})
    listed = await applications.list_of_user(visit.db, visit.actor.user_id, applied)
    latest = listed.data[0] if listed.data else None
    return visit.page(
        "mentor_apply.html",
        visit.text("Become a mentor"),
        latest=latest,
        word=visit.text(WORDS[latest.status]) if latest else "",
        waiting=latest is not None and latest.status == PENDING,
        error="",
        motivation="",
    )


async def apply(visit: Visit) -> Response:
    """Send the application; a text that cannot be accepted is shown again with the reason."""
    given = {
        name: visit.field(name)
        for name in ("motivation", "qualifications", "experience")
        if visit.field(name)
    }
    try:
        application = validation.read(ApplicationRequest, given)
    except ValidationFailed as problem:
        return visit.page(
            "mentor_apply.html",
            visit.text("Become a mentor"),
            status=422,
            latest=None,
            word="",
            waiting=False,
            error=problem.message,
            motivation=visit.field("motivation"),
        )
    await mentors.apply(visit.db, visit.actor, request=application)
    return visit.go("/mentor/apply")
