"""Endpoints that change the curriculum, for administrators and mentors."""

from __future__ import annotations

from typing import Any, TypeVar

from akako.education import routes, service
from akako.education.nodes import GRADES, LEVELS, SUBJECTS, Nodes
from akako.education.schemas import (
    Deleted,
    Deletion,
    Grade,
    GradeCreate,
    GradeUpdate,
    Level,
    LevelCreate,
    LevelUpdate,
    Node,
    Subject,
    SubjectCreate,
    SubjectUpdate,
    Topic,
    TopicCreate,
    TopicUpdate,
)
from akako.education.service import Edit
from akako.kernel.core.access import ADMIN, MENTOR, requires
from akako.kernel.core.envelope import Created, Ok
from akako.kernel.core.ids import EXAMPLE
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import delete, post, put

TAG = routes.TAG

N = TypeVar("N", bound=Node)


TOPIC_BYTES = 3 * 1024 * 1024  # 200,000 characters in any JSON spelling
ADMIN_PATH = "/api/admin/education"


def _edit(ctx: Context, changes: LevelUpdate, echoed: dict[str, Any]) -> Edit:
    return Edit(changes, echoed, ctx.header("if-match"))


async def _delete(ctx: Context, nodes: Nodes[N], node_id: str, query: Deletion) -> Deleted:
    condition = ctx.header("if-match")
    return await service.delete_node(
        ctx.db, ctx.actor, nodes, node_id, force=query.force, if_match=condition
    )


@post(
    "/admin/education/levels",
    access=requires(ADMIN),
    example={"name": "High School", "description": "Secondary education"},
    errors=(409,),
    changes_public=True,
)
async def create_level(ctx: Context, data: LevelCreate) -> Created[Level]:
    """Create an education level."""
    level = await service.create_level(ctx.db, ctx.actor, level=data)
    where, message = f"{ADMIN_PATH}/levels/{level.id}", "Education level created successfully"
    return Created(data=level, location=where, message=message, etag=True)


@put(
    "/admin/education/levels/{level_id}",
    access=requires(ADMIN),
    resource="education_level",
    errors=(409,),
    changes_public=True,
)
async def update_level(
    ctx: Context, level_id: str, data: LevelUpdate, echoed: dict[str, Any]
) -> Ok[Level]:
    """Update an education level."""
    edit = _edit(ctx, data, echoed)
    level = await service.update_node(ctx.db, ctx.actor, LEVELS, level_id, edit=edit)
    return Ok(data=level, message="Education level updated successfully", etag=True)


@delete(
    "/admin/education/levels/{level_id}",
    access=requires(ADMIN),
    resource="education_level",
    errors=(409, 412),
    replays=True,
    changes_public=True,
)
async def delete_level(ctx: Context, level_id: str, query: Deletion) -> Ok[Deleted]:
    """Delete an education level; everything below it becomes invisible."""
    deleted = await _delete(ctx, LEVELS, level_id, query)
    return Ok(data=deleted, message="Education level deleted successfully")


@post(
    "/admin/education/grades",
    access=requires(ADMIN),
    example={"name": "Grade 1", "educationLevelId": EXAMPLE, "level": "primary"},
    errors=(404, 409),
    changes_public=True,
)
async def create_grade(ctx: Context, data: GradeCreate) -> Created[Grade]:
    """Create a grade in a level."""
    grade = await service.create_grade(ctx.db, ctx.actor, grade=data)
    where = f"{ADMIN_PATH}/grades/{grade.id}"
    return Created(data=grade, location=where, message="Grade created successfully", etag=True)


@put(
    "/admin/education/grades/{grade_id}",
    access=requires(ADMIN),
    resource="grade",
    errors=(409,),
    changes_public=True,
)
async def update_grade(
    ctx: Context, grade_id: str, data: GradeUpdate, echoed: dict[str, Any]
) -> Ok[Grade]:
    """Update a grade."""
    edit = _edit(ctx, data, echoed)
    grade = await service.update_node(ctx.db, ctx.actor, GRADES, grade_id, edit=edit)
    return Ok(data=grade, message="Grade updated successfully", etag=True)


@delete(
    "/admin/education/grades/{grade_id}",
    access=requires(ADMIN),
    resource="grade",
    errors=(409, 412),
    replays=True,
    changes_public=True,
)
async def delete_grade(ctx: Context, grade_id: str, query: Deletion) -> Ok[Deleted]:
    """Delete a grade; everything below it becomes invisible."""
    deleted = await _delete(ctx, GRADES, grade_id, query)
    return Ok(data=deleted, message="Grade deleted successfully")


@post(
    "/admin/education/subjects",
    access=requires(ADMIN),
    example={"name": "Mathematics", "gradeId": EXAMPLE},
    errors=(404, 409),
    changes_public=True,
)
async def create_subject(ctx: Context, data: SubjectCreate) -> Created[Subject]:
    """Create a subject in a grade."""
    subject = await service.create_subject(ctx.db, ctx.actor, subject=data)
    where = f"{ADMIN_PATH}/subjects/{subject.id}"
    return Created(data=subject, location=where, message="Subject created successfully", etag=True)


@put(
    "/admin/education/subjects/{subject_id}",
    access=requires(ADMIN, MENTOR),
    resource="subject",
    errors=(409,),
    changes_public=True,
)
async def update_subject(
    ctx: Context, subject_id: str, data: SubjectUpdate, echoed: dict[str, Any]
) -> Ok[Subject]:
    """Update a subject.

    The mentor of the subject can change description and image. Administrators can change all
    fields.
    """
    edit = _edit(ctx, data, echoed)
    subject = await service.update_subject(ctx.db, ctx.actor, subject_id, edit=edit)
    return Ok(data=subject, message="Subject updated successfully", etag=True)


@delete(
    "/admin/education/subjects/{subject_id}",
    access=requires(ADMIN),
    resource="subject",
    errors=(409, 412),
    replays=True,
    changes_public=True,
)
async def delete_subject(ctx: Context, subject_id: str, query: Deletion) -> Ok[Deleted]:
    """Delete a subject; its topics become invisible."""
    deleted = await _delete(ctx, SUBJECTS, subject_id, query)
    return Ok(data=deleted, message="Subject deleted successfully")


@post(
    "/admin/education/topics",
    example={"name": "Addition", "subjectId": EXAMPLE, "content": "One and one is two."},
    access=requires(ADMIN, MENTOR),
    errors=(404, 409),
    body_limit=TOPIC_BYTES,
    changes_public=True,
)
async def create_topic(ctx: Context, data: TopicCreate) -> Created[Topic]:
    """Create a topic in a subject.

    Mentors can create topics in subjects assigned to them.
    """
    topic = await service.create_topic(ctx.db, ctx.actor, topic=data)
    where = f"/api/education/topics/{topic.id}"
    return Created(data=topic, location=where, message="Topic created successfully", etag=True)


@put(
    "/admin/education/topics/{topic_id}",
    access=requires(ADMIN, MENTOR),
    resource="topic",
    errors=(409,),
    body_limit=TOPIC_BYTES,
    changes_public=True,
)
async def update_topic(
    ctx: Context, topic_id: str, data: TopicUpdate, echoed: dict[str, Any]
) -> Ok[Topic]:
    """Update a topic.

    Mentors can update topics in subjects assigned to them.
    """
    edit = _edit(ctx, data, echoed)
    topic = await service.update_topic(ctx.db, ctx.actor, topic_id, edit=edit)
    return Ok(data=topic, message="Topic updated successfully", etag=True)


@delete(
    "/admin/education/topics/{topic_id}",
    access=requires(ADMIN, MENTOR),
    resource="topic",
    errors=(412,),
    replays=True,
    changes_public=True,
)
async def delete_topic(ctx: Context, topic_id: str) -> Ok[Deleted]:
    """Delete a topic.

    Mentors can delete topics in subjects assigned to them.
    """
    deleted = await service.delete_topic(
        ctx.db, ctx.actor, topic_id, if_match=ctx.header("if-match")
    )
    return Ok(data=deleted, message="Topic deleted successfully")
