"""The public pages: what the school offers, from levels to subjects."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from akako.education import queries as nodes_queries
from akako.education import service as education
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, TOPIC_ROWS, Nodes
from akako.education.schemas import Subject
from akako.enrollment import service as enrollment
from akako.enrollment.schemas import APPROVED, PENDING, EnrollmentRequest
from akako.kernel.core.access import LEARNER
from akako.kernel.core.errors import NotFound
from akako.kernel.db import listing
from akako.web import guard
from akako.web.learners.asked import find_place, list_statuses
from akako.web.learners.queries import list_open
from akako.web.learners.topic_paths import HERE, topic_path
from akako.web.paging import page_links
from akako.web.site import Site, Visit, page

PER_PAGE = 100


def routes(site: Site) -> list[Route]:
    return [
        page("/", start, site=site),
        page("/browse", browse, site=site),
        page("/browse/levels/{level_id}", show_level, site=site),
        page("/browse/grades/{grade_id}", show_grade, site=site),
        page("/subjects/{subject_id}", show_subject, site=site),
        page(
            "/subjects/{subject_id}/request",
            request_enrollment,
            site=site,
            methods=["POST"],
            roles=(LEARNER,),
        ),
    ]


async def page_of(
    visit: Visit, nodes: Nodes[Any], parent_id: str | None
) -> tuple[list[Any], dict[str, Any]]:
    """Return the visible nodes of a parent on the page that the address names, and its pages."""
    params = {"limit": str(PER_PAGE), "order": "asc"}
    if nodes is not TOPIC_ROWS:
        params["sort"] = "name"
    params["page"] = visit.request.query_params.get("page", "1")
    request = listing.read(nodes.spec, params)
    listed = await education.list_nodes(visit.db, visit.visitor.actor, nodes, parent_id, request)
    return list(listed.data), {"pages": listed.pagination, "link": page_links(visit.path)}


async def find(visit: Visit, nodes: Nodes[Any], resource: str, node_id: str) -> Any:
    found = await nodes_queries.find(visit.db, visit.visitor.actor, nodes, node_id, inactive=False)
    if found is None:
        raise NotFound(resource, node_id)
    return found


async def start(visit: Visit) -> Response:
    """Show what the school offers; signed-in people go to their own page."""
    if visit.visitor.actor:
        return RedirectResponse("/home", 303)
    levels, _ = await page_of(visit, LEVELS, None)
    return visit.page("start.html", visit.text("Learn at your own pace"), levels=levels)


async def browse(visit: Visit) -> Response:
    levels, pages = await page_of(visit, LEVELS, None)
    return visit.page("browse.html", visit.text("Browse"), levels=levels, **pages)


async def show_level(visit: Visit) -> Response:
    level = await find(visit, LEVELS, "level", visit.param("level_id"))
    grades, pages = await page_of(visit, GRADES, level.id)
    return visit.page("level.html", level.name, level=level, grades=grades, **pages)


async def show_grade(visit: Visit) -> Response:
    grade = await find(visit, GRADES, "grade", visit.param("grade_id"))
    level = await find(visit, LEVELS, "level", grade.education_level_id)
    subjects, pages = await page_of(visit, SUBJECTS, grade.id)
    actor = visit.visitor.actor
    statuses = await list_statuses(visit.db, actor.user_id, grade.id) if actor else {}
    cards = [card(visit, subject, grade.name, statuses.get(subject.id)) for subject in subjects]
    return visit.page("grade.html", grade.name, grade=grade, level=level, subjects=cards, **pages)


def card(visit: Visit, subject: Subject, grade: str, status: str | None) -> dict[str, object]:
    """Return the facts of a subject's tile. `status` is that of the visitor's latest request."""
    tag = None
    if status == APPROVED:
        tag = {"text": visit.text("Enrolled"), "tone": "ok"}
    elif status == PENDING:
        tag = {"text": visit.text("Requested"), "tone": "warn"}
    actor = visit.visitor.actor
    return {
        "id": subject.id,
        "name": subject.name,
        "grade": grade,
        "percent": None,
        "tag": tag,
        "requestable": bool(actor and actor.has(LEARNER)) and tag is None,
    }


async def show_subject(visit: Visit) -> Response:
    subject = await find(visit, SUBJECTS, "subject", visit.param("subject_id"))
    actor = visit.visitor.actor
    place = await find_place(visit.db, actor.user_id if actor else None, subject.id)
    topics, pages = await page_of(visit, TOPIC_ROWS, subject.id)
    approved = place.status == APPROVED
    teaches = bool(actor and subject.mentor and subject.mentor.id == actor.user_id)
    entitled = approved or teaches or bool(actor and actor.is_admin)
    number, several = pages["pages"].page, (pages["pages"].pages or 1) > 1
    left = (
        await list_open(visit.db, visit.actor.user_id, subject.id) if approved and several else None
    )
    path = await topic_path(
        visit,
        topics,
        entitled=entitled,
        enrolled=approved,
        first=(number - 1) * PER_PAGE + 1,
        left=left,
    )
    here = left[0] if left else next((each for each in path if each["state"] == HERE), None)
    return visit.page(
        "subject.html",
        subject.name,
        subject=subject,
        grade=place.grade,
        path=path,
        enrollment=place,
        entitled=entitled,
        learner=bool(actor and actor.has(LEARNER)) and not teaches,
        here=here or (path[0] if path else None),
        **pages,
    )


async def request_enrollment(visit: Visit) -> Response:
    """Send a request, then show the subject with its new state."""
    subject_id = visit.param("subject_id")
    await enrollment.request_enrollment(
        visit.db,
        visit.actor,
        request=EnrollmentRequest(subject_id=subject_id, message=visit.field("message") or None),
    )
    return visit.go(guard.relative_path(visit.field("next"), f"/subjects/{subject_id}"))
