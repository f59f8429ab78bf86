"""Public endpoints of the curriculum."""

from __future__ import annotations

from akako.education import service
from akako.education.nodes import (
    GRADES,
    LEVELS,
    SUBJECT_DETAILS,
    SUBJECTS,
    TOPIC_ROWS,
    TOPICS,
)
from akako.education.schemas import (
    Grade,
    Level,
    Subject,
    SubjectDetail,
    Topic,
    TopicSummary,
)
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


@get("/education/levels/{level_id}", access=PUBLIC, resource="education_level")
async def get_level(ctx: Context, level_id: str) -> Ok[Level]:
    """Get an education level by id."""
    return Ok(data=await service.get_node(ctx.db, ctx.maybe_actor, LEVELS, level_id), etag=True)


@get("/education/grades/{grade_id}", access=PUBLIC, resource="grade")
async def get_grade(ctx: Context, grade_id: str) -> Ok[Grade]:
    """Get a grade by id."""
    return Ok(data=await service.get_node(ctx.db, ctx.maybe_actor, GRADES, grade_id), etag=True)


@get("/education/subjects/{subject_id}", access=PUBLIC, resource="subject")
async def get_subject(ctx: Context, subject_id: str) -> Ok[SubjectDetail]:
    """Get a subject by id.

    For signed-in callers it includes the status of their own enrollment, the number of topics they
    can see and the name of the mentor.
    """
    node = await service.get_node(ctx.db, ctx.maybe_actor, SUBJECT_DETAILS, subject_id)
    return Ok(data=node, etag=True)


@get("/education/topics/{topic_id}", access=PUBLIC, resource="topic")
async def get_topic(ctx: Context, topic_id: str) -> Ok[Topic]:
    """Get a topic by id.

    Content, video and documents are included for administrators, the subject's mentor and learners
    whose enrollment was approved.
    """
    return Ok(data=await service.get_node(ctx.db, ctx.maybe_actor, TOPICS, topic_id), etag=True)
