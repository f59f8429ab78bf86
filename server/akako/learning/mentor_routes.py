"""Endpoints for mentors: their subjects, and how the learners in them progress."""

from __future__ import annotations

from functools import partial

from akako.kernel.core.access import ADMIN, MENTOR, requires
from akako.kernel.core.envelope import Listed
from akako.kernel.core.errors import NotFound
from akako.kernel.db import listing, pages
from akako.kernel.http.context import Context
from akako.kernel.http.csv import csv_response
from akako.kernel.http.endpoint import Tag, get
from akako.kernel.http.responses import Response
from akako.learning import mentor_queries as queries
from akako.learning.schemas import LearnerProgress, ListFormat, TaughtSubject
from akako.visibility.access import require_owner

TAG = Tag("Mentor Subjects", "The subjects of a mentor, and how their learners progress.")


@get("/mentor/subjects", access=requires(MENTOR), listing=queries.TAUGHT)
async def list_taught_subjects(ctx: Context, request: listing.Request) -> Listed[TaughtSubject]:
    """List the caller's own subjects with the progress of their learners."""
    return await queries.list_taught(ctx.db, ctx.actor.user_id, request)


@get(
    "/mentor/subjects/{subject_id}/learners",
    access=requires(ADMIN, MENTOR),
    resource="subject",
    errors=(403,),
    listing=queries.LEARNERS,
    csv=True,
)
async def list_subject_learners(
    ctx: Context, subject_id: str, request: listing.Request, query: ListFormat
) -> Listed[LearnerProgress] | Response:
    """List the learners of a subject with their progress.

    `search` applies to name and e-mail address. With `format=csv` the response is a file with all
    rows.
    """
    subject = await queries.find_subject(ctx.db, subject_id)
    if subject is None:
        raise NotFound("subject", subject_id)
    require_owner(ctx.actor, subject.mentor_id)
    fetch = partial(queries.list_learners, ctx.db, subject_id)
    if query.format == "csv":
        rows = pages.every(queries.LEARNERS, request, fetch)
        return await csv_response("learners.csv", LearnerProgress, rows)
    return await fetch(request)
