"""The subjects of a mentor: topics in order, deletion with undo, learners."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.routing import Route

from akako.curriculum import ordering, restoring
from akako.education import queries as education
from akako.education import service
from akako.education.nodes import TOPIC_ROWS, TOPICS
from akako.kernel.core.access import MENTOR
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.db import listing, pages
from akako.kernel.http.csv import csv_response
from akako.learning import mentor_queries
from akako.learning.schemas import LearnerProgress
from akako.web.forms.undo import undoable
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page
from akako.web.teaching import own, queries

SUBJECT = "/teach/subjects/{subject_id}"
WAYS = {"up": -1, "down": 1}
RECENT = 3  # activities per subject
MAX_SUBJECTS = 100
MAX_TOPICS = 100  # on one page


def routes(site: Site) -> list[Route]:
    staff, post = partial(page, site=site, roles=own.STAFF), ("POST",)
    return [
        page("/teach", show_subjects, site=site, roles=(MENTOR,)),
        staff(SUBJECT, show_subject),
        staff(f"{SUBJECT}/order", move_topic, methods=post),
        staff(f"{SUBJECT}/learners", show_learners),
        staff(f"{SUBJECT}/learners.csv", download_learners),
        staff(f"{own.TOPIC}/delete", delete_topic, methods=post),
        staff(f"{own.TOPIC}/restore", restore_topic, methods=post),
    ]


async def show_subjects(visit: Visit) -> Any:
    request = listing.read(mentor_queries.TAUGHT, {"limit": str(MAX_SUBJECTS)})
    listed = await mentor_queries.list_taught(visit.db, visit.actor.user_id, request)
    ids = [each.id for each in listed.data]
    recent = await queries.list_recent(visit.db, ids, most=RECENT) if ids else {}
    title = visit.text("Teach")
    return visit.page("teach.html", title, subjects=listed.data, recent=recent)


async def show_subject(visit: Visit) -> Any:
    """Show the topics in their order. `moved` and `deleted` name the topic of the last action."""
    subject = await own.find_subject(visit, visit.param("subject_id"))
    params = visit.request.query_params
    wanted = {"limit": str(MAX_TOPICS), "order": "asc", "page": params.get("page", "1")}
    request = listing.read(TOPIC_ROWS.spec, wanted)
    listed = await education.page(
        visit.db, visit.actor, TOPIC_ROWS, subject.id, request, inactive=True
    )
    total = listed.pagination.total
    return visit.page(
        "teach_subject.html",
        subject.name,
        said=_said(visit, {each.id: each for each in listed.data}, total),
        subject=subject,
        topics=listed.data,
        total=total,
        first=(listed.pagination.page - 1) * MAX_TOPICS,
        moved=(params.get("moved", ""), params.get("way", "")),
        pages=listed.pagination,
        link=page_links(f"/teach/subjects/{subject.id}"),
    )


def _said(visit: Visit, topics: dict[str, Any], total: int) -> Any:
    """Return the announcement of the last action; a deletion can be undone."""
    params = visit.request.query_params
    if topic := topics.get(params.get("moved", "")):
        text = "%(name)s is now number %(place)s of %(total)s."
        return visit.text(text, name=topic.name, place=topic.position + 1, total=total)
    if topic := topics.get(params.get("restored", "")):
        return visit.text("%(name)s is back.", name=topic.name)
    deleted = params.get("deleted", "")
    if not deleted or deleted in topics:
        return None
    return undoable(visit.text("The topic was deleted."), f"/teach/topics/{deleted}/restore")


async def move_topic(visit: Visit) -> Any:
    """Move a topic up or down by one place."""
    subject_id, topic_id, way = visit.param("subject_id"), visit.field("topic"), visit.field("way")
    if way not in WAYS:
        raise ValidationFailed.of("way", "Must be up or down", way)
    await ordering.move(visit.db, visit.actor, subject_id, topic_id, by=WAYS[way])
    return visit.go(f"/teach/subjects/{subject_id}?moved={topic_id}&way={way}")


async def delete_topic(visit: Visit) -> Any:
    topic, _ = await own.find_topic(visit)
    await service.delete_topic(visit.db, visit.actor, topic.id, if_match=None)
    return visit.go(f"/teach/subjects/{topic.subject_id}?deleted={topic.id}")


async def restore_topic(visit: Visit) -> Any:
    topic_id = visit.param("topic_id")
    topic = await restoring.restore(visit.db, visit.actor, TOPICS, topic_id)
    return visit.go(f"/teach/subjects/{topic.subject_id}?restored={topic_id}")


async def show_learners(visit: Visit) -> Any:
    subject = await own.find_subject(visit, visit.param("subject_id"))
    params = visit.request.query_params
    request, search = list_request(params, mentor_queries.LEARNERS, limit="50")
    listed = await mentor_queries.list_learners(visit.db, subject.id, request)
    path = f"/teach/subjects/{subject.id}/learners"
    return visit.page(
        "teach_learners.html",
        visit.text("Learners of %(subject)s", subject=subject.name),
        subject=subject,
        rows=listed.data,
        search=search,
        pages=listed.pagination,
        link=page_links(path, q=search),
        csv=f"{path}.csv?{urlencode({'q': search})}" if search else f"{path}.csv",
    )


async def download_learners(visit: Visit) -> Any:
    """Send all learners as the API's CSV file."""
    subject = await own.find_subject(visit, visit.param("subject_id"))
    request, _ = list_request(visit.request.query_params, mentor_queries.LEARNERS)
    fetch = partial(mentor_queries.list_learners, visit.db, subject.id)
    rows = pages.every(mentor_queries.LEARNERS, request, fetch)
    return await csv_response("learners.csv", LearnerProgress, rows)
