"""Public endpoints of the curriculum."""

from __future__ import annotations

from akako.education import service
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, TOPIC_ROWS, TOPICS
from akako.education.schemas import Grade, Level, Subject, Topic, TopicSummary
from akako.kernel.core.access import PUBLIC
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.db.listing import Request
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get

TAG = Tag("Education System", "Levels, grades, subjects and topics.")


@get("/education/levels", access=PUBLIC, listing=LEVELS.spec, errors=(403,))
async def list_levels(ctx: Context, request: Request) -> Listed[Level]:
    """List education levels."""
    return await service.list_nodes(ctx.db, ctx.maybe_actor, LEVELS, None, request)


@get(
    "/education/levels/{level_id}/grades",
    access=PUBLIC,
    listing=GRADES.spec,
    resource="education_level",
    errors=(403,),
)
async def list_grades(ctx: Context, level_id: str, request: Request) -> Listed[Grade]:
    """Get grades for a level."""
    return await service.list_nodes(ctx.db, ctx.maybe_actor, GRADES, level_id, request)


@get(
    "/education/grades/{grade_id}/subjects",
    access=PUBLIC,
    listing=SUBJECTS.spec,
    resource="grade",
    errors=(403,),
)
async def list_subjects(ctx: Context, grade_id: str, request: Request) -> Listed[Subject]:
    """Get subjects for a grade."""
    return await service.list_nodes(ctx.db, ctx.maybe_actor, SUBJECTS, grade_id, request)


@get(
    "/education/subjects/{subject_id}/topics",
    access=PUBLIC,
    listing=TOPIC_ROWS.spec,
    resource="subject",
    errors=(403,),
)
async def list_topics(ctx: Context, subject_id: str, request: Request) -> Listed[TopicSummary]:
    """Get topics for a subject, without their content.

    Video and the first documents are included for administrators, the subject's mentor and learners
    whose enrollment was approved.
    """
    return await service.list_nodes(ctx.db, ctx.maybe_actor, TOPIC_ROWS, subject_id, request)


@get("/education/topics/{topic_id}", access=PUBLIC, resource="topic")
async def get_topic(ctx: Context, topic_id: str) -> Ok[Topic]:
    """Get a topic by id.

    Content, video and documents are included for administrators, the subject's mentor and learners
    whose enrollment was approved.
    """
    return Ok(data=await service.get_node(ctx.db, ctx.maybe_actor, TOPICS, topic_id), etag=True)
