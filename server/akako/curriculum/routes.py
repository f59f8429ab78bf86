"""Endpoints that read single nodes, order topics and restore deleted parts of the curriculum."""

from __future__ import annotations

from akako.curriculum import ordering, restoring
from akako.curriculum.schemas import MAX_TOPICS, DeletedNode, TopicOrder
from akako.education import routes, service
from akako.education.nodes import GRADES, LEVELS, SUBJECT_DETAILS, SUBJECTS, TOPICS
from akako.education.schemas import Grade, Level, Subject, SubjectDetail, Topic
from akako.kernel.core.access import ADMIN, MENTOR, PUBLIC, requires
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.core.errors import Conflict, InvalidState
from akako.kernel.core.ids import EXAMPLE
from akako.kernel.db.listing import Request
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import get, post, put

TAG = routes.TAG
ORDER_BYTES = MAX_TOPICS * 70


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


@put(
    "/admin/education/subjects/{subject_id}/topic-order",
    access=requires(ADMIN, MENTOR),
    resource="subject",
    example={"topicIds": [EXAMPLE]},
    refusals=(InvalidState,),
    body_limit=ORDER_BYTES,
    changes_public=True,
)
async def order_topics(ctx: Context, subject_id: str, data: TopicOrder) -> Ok[TopicOrder]:
    """Set the order of a subject's topics.

    `topicIds` contains all topics of the subject, active and inactive, each once. Mentors can order
    topics in subjects assigned to them.
    """
    ordered = await ordering.reorder(ctx.db, ctx.actor, subject_id, data.topic_ids)
    return Ok(data=TopicOrder(topic_ids=ordered), message="Topics ordered successfully")


@get("/admin/education/deleted", access=requires(ADMIN), listing=restoring.DELETED)
async def list_deleted(ctx: Context, request: Request) -> Listed[DeletedNode]:
    """List the deleted levels, grades, subjects and topics that can be restored.

    A deletion can be undone for 30 days. What is in a deleted node is not listed: restore that node
    first.
    """
    return await restoring.list_deleted(ctx.db, request)


@post(
    "/admin/education/levels/{level_id}/restore",
    access=requires(ADMIN),
    resource="education_level",
    refusals=(Conflict,),
    replays=True,
    changes_public=True,
)
async def restore_level(ctx: Context, level_id: str) -> Ok[Level]:
    """Restore an education level that was deleted in the last 30 days."""
    level = await restoring.restore(ctx.db, ctx.actor, LEVELS, level_id)
    return Ok(data=level, message="Education level restored successfully", etag=True)


@post(
    "/admin/education/grades/{grade_id}/restore",
    access=requires(ADMIN),
    resource="grade",
    refusals=(Conflict, InvalidState),
    replays=True,
    changes_public=True,
)
async def restore_grade(ctx: Context, grade_id: str) -> Ok[Grade]:
    """Restore a grade that was deleted in the last 30 days."""
    grade = await restoring.restore(ctx.db, ctx.actor, GRADES, grade_id)
    return Ok(data=grade, message="Grade restored successfully", etag=True)


@post(
    "/admin/education/subjects/{subject_id}/restore",
    access=requires(ADMIN),
    resource="subject",
    refusals=(Conflict, InvalidState),
    replays=True,
    changes_public=True,
)
async def restore_subject(ctx: Context, subject_id: str) -> Ok[Subject]:
    """Restore a subject that was deleted in the last 30 days."""
    subject = await restoring.restore(ctx.db, ctx.actor, SUBJECTS, subject_id)
    return Ok(data=subject, message="Subject restored successfully", etag=True)


@post(
    "/admin/education/topics/{topic_id}/restore",
    access=requires(ADMIN, MENTOR),
    resource="topic",
    refusals=(Conflict, InvalidState),
    replays=True,
    changes_public=True,
)
async def restore_topic(ctx: Context, topic_id: str) -> Ok[Topic]:
    """Restore a topic that was deleted in the last 30 days.

    The topic returns to its place, or becomes the last one if another topic has that place. Mentors
    can restore topics in subjects assigned to them.
    """
    topic = await restoring.restore(ctx.db, ctx.actor, TOPICS, topic_id)
    return Ok(data=topic, message="Topic restored successfully", etag=True)
