"""Endpoints for the names of documents and videos, and for deleted documents."""

from __future__ import annotations

from akako.documents import restoring, service, videos
from akako.documents.schemas import DocumentUpdate, VideoName, VideoRename
from akako.education.schemas import Document
from akako.kernel.core.envelope import Ok
from akako.kernel.core.errors import Conflict
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import post, put
from akako.library.routes import TAG as TAG
from akako.library.routes import VIDEO_TAG
from akako.library.service import STAFF


@put(
    "/admin/education/topics/{topic_id}/documents/{document_id}",
    access=STAFF,
    resource="document",
    example={"name": "Worksheet for Monday"},
    changes_public=True,
)
async def update_document(
    ctx: Context, topic_id: str, document_id: str, data: DocumentUpdate
) -> Ok[Document]:
    """Change the name or description of a document.

    Mentors can do this in subjects assigned to them. The file stays as it is.
    """
    document = await service.update_document(ctx.db, ctx.actor, topic_id, document_id, changes=data)
    return Ok(data=document, message="Document updated successfully")


@post(
    "/admin/education/topics/{topic_id}/documents/{document_id}/restore",
    access=STAFF,
    resource="document",
    refusals=(Conflict,),
    replays=True,
    changes_public=True,
)
async def restore_document(ctx: Context, topic_id: str, document_id: str) -> Ok[Document]:
    """Undo the deletion of a document within a minute, before its file is removed.

    A document that is not deleted stays as it is. Mentors can do this in subjects assigned to them.
    """
    document = await restoring.restore(ctx.db, ctx.actor, topic_id, document_id)
    return Ok(data=document, message="Document restored successfully")


@put(
    "/admin/education/topics/{topic_id}/video/name",
    tag=VIDEO_TAG,
    access=STAFF,
    resource="topic",
    example={"fileName": "Adding fractions.mp4"},
    changes_public=True,
)
async def rename_video(ctx: Context, topic_id: str, data: VideoRename) -> Ok[VideoName]:
    """Change the file name of a video, which downloads have.

    A name without the extension of the video's type gets it. Mentors can do this in subjects
    assigned to them.
    """
    named = await videos.rename(ctx.db, ctx.actor, topic_id, name=data.file_name)
    return Ok(data=named, message="Video renamed successfully")
