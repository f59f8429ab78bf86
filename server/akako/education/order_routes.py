"""Endpoints that order topics and restore deleted parts of the curriculum."""

from __future__ import annotations

from akako.education import ordering, restoring, routes
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, TOPICS
from akako.education.schemas import (
    MAX_TOPICS,
    DeletedNode,
    Grade,
    Level,
    Subject,
    Topic,
    TopicOrder,
)
from akako.kernel.core.access import ADMIN, MENTOR, requires
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.core.errors import Conflict, InvalidState
from akako.kernel.core.ids import EXAMPLE
from akako.kernel.db.listing import Request
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import get, post, put

TAG = routes.TAG
ORDER_BYTES = MAX_TOPICS * 70


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
