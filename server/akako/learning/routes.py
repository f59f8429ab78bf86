"""Endpoints of progress."""

from __future__ import annotations

from akako.kernel.core.access import LEARNER, ROLES, requires
from akako.kernel.core.envelope import Listed, Ok
from akako.kernel.core.ids import EXAMPLE
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, get, post, put
from akako.kernel.http.limits import MEDIA
from akako.learning import queries, service
from akako.learning.schemas import (
    BATCH_BYTES,
    ProgressBatch,
    ProgressResult,
    ProgressUpdate,
    SubjectProgress,
    SubjectWithTopics,
    TopicProgress,
)

TAG = Tag("Progress", "What learners have watched, opened and completed.")
UPDATE = {"positionSeconds": 312.5, "durationSeconds": 600, "watched": [[0, 312.5]]}


@put(
    "/progress/topics/{topic_id}",
    access=requires(LEARNER),
    resource="topic",
    bucket=MEDIA,
    metered=False,
    example=UPDATE,
    errors=(403,),
)
async def update_progress(ctx: Context, topic_id: str, data: ProgressUpdate) -> Ok[TopicProgress]:
    """Update the progress in a topic.

    The update is merged with the stored progress, so it can be repeated, and updates of several
    devices can come in any order. A topic is completed when at least 90 % of the video was watched
    and every document was opened, or when the learner marks it as done.
    """
    progress = await service.update_progress(ctx.db, ctx.actor, topic_id, update=data)
    return Ok(data=progress, message="Progress updated successfully")


@get("/progress/topics/{topic_id}", access=requires(*ROLES), resource="topic", errors=(403,))
async def get_progress(ctx: Context, topic_id: str) -> Ok[TopicProgress]:
    """Get the caller's own progress in a topic."""
    return Ok(data=await service.get_progress(ctx.db, ctx.actor, topic_id))


@post(
    "/progress/batch",
    access=requires(LEARNER),
    bucket=MEDIA,
    metered=False,
    body_limit=BATCH_BYTES,
    example={"items": [{"topicId": EXAMPLE, **UPDATE, "recordedAt": "2026-01-31T08:00:00Z"}]},
)
async def update_progress_batch(ctx: Context, data: ProgressBatch) -> Ok[list[ProgressResult]]:
    """Update the progress in up to 100 topics, for clients that were offline.

    Each item succeeds or fails separately. The results have the order of the items.
    """
    results = await service.update_many(ctx.db, ctx.actor, items=data.items)
    return Ok(data=results, message="Progress updated successfully")


@get("/progress/me", access=requires(LEARNER), listing=queries.MINE)
async def list_my_progress(ctx: Context, request: listing.Request) -> Listed[SubjectProgress]:
    """List the caller's approved subjects with the progress in them."""
    return await queries.list_subjects(ctx.db, ctx.actor.user_id, request)


@get(
    "/progress/me/subjects/{subject_id}",
    access=requires(LEARNER),
    resource="subject",
    errors=(403,),
)
async def get_my_subject_progress(ctx: Context, subject_id: str) -> Ok[SubjectWithTopics]:
    """Get the caller's progress in a subject and in each of its topics."""
    return Ok(data=await service.get_subject_progress(ctx.db, ctx.actor, subject_id))
