"""Endpoints of documents and videos."""

from __future__ import annotations

from functools import partial

from akako.education.schemas import Document
from akako.kernel.core.access import ADMIN, LEARNER, MENTOR, requires
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, delete, get, post, put
from akako.kernel.http.limits import MEDIA, UPLOAD
from akako.kernel.http.render import render
from akako.kernel.http.responses import Response
from akako.library import forms, queries, service, streaming
from akako.library.forms import Received
from akako.library.media import DOCUMENT, VIDEO, Files
from akako.library.receiving import adopt, receive
from akako.library.schemas import (
    DocumentDeleted,
    PlaybackQuery,
    StreamQuery,
    Video,
    VideoDeleted,
)
from akako.library.service import STAFF

TAG = Tag("File Management", "The documents of a topic, and resumable uploads.")
VIDEO_TAG = Tag("Video Management", "The video of a topic.")

ANY_ROLE = requires(ADMIN, MENTOR, LEARNER)
UPLOAD_DOCUMENT = "/s3/document/upload"
UPLOAD_VIDEO = "/admin/education/topics/{topic_id}/video"


@post(
    UPLOAD_DOCUMENT,
    example=forms.DOCUMENT_EXAMPLE,
    access=STAFF,
    bucket=UPLOAD,
    form=forms.DOCUMENT_FORM,
    body_limit=DOCUMENT.limit,
    returns=Document,
    status=(201,),
    errors=(404, 409, 503, 507),
    changes_public=True,
)
async def upload_document(ctx: Context) -> Response:
    """Upload a document to a topic. Documents in WebVTT are the captions of its video.

    The parts can be in any order. The same file sent twice creates two documents, unless the
    requests have the same Idempotency-Key.
    """

    async def add(db: Database, form: Received) -> Response:
        topic_id, metadata = forms.topic_id(form.texts), forms.metadata(form.texts)
        document, quota = await service.add_document(
            db, ctx.actor, topic_id, form.file, metadata=metadata
        )
        ctx.response_headers = ctx.response_headers + quota
        message = "Document uploaded successfully"
        return render(ctx, Created(data=document, location=document.url, message=message))

    return await adopt(
        ctx,
        UPLOAD_DOCUMENT,
        admit=partial(service.check_upload, ctx.db, ctx.actor),
        receiving=partial(receive, ctx, DOCUMENT),
        work=add,
    )


@get(
    "/education/topics/{topic_id}/documents",
    access=ANY_ROLE,
    listing=queries.DOCUMENTS,
    resource="topic",
)
async def list_documents(ctx: Context, topic_id: str, request: listing.Request) -> Listed[Document]:
    """List the documents of a topic."""
    await service.readable_topic(ctx.db, ctx.actor, topic_id)
    return await queries.list_documents(ctx.db, request, topic_id)


@get("/s3/document/stream", access=ANY_ROLE, bucket=MEDIA, errors=(206, 304, 403, 404, 412, 416))
async def stream_document(ctx: Context, query: StreamQuery) -> Response:
    """Stream a document, or the part that `Range` selects."""
    document_id = query.document_id or query.id
    if document_id is None:
        raise ValidationFailed.of("documentId", "Required")
    if query.document_id and query.id and query.document_id != query.id:
        raise ValidationFailed.of("id", "Differs from documentId", query.id)
    find = partial(service.open_document, ctx.db, document_id, query.topic_id)
    return await streaming.send(ctx, ctx.get(Files).store, find, query.disposition)


@delete(
    "/admin/education/topics/{topic_id}/documents/{document_id}",
    access=STAFF,
    resource="document",
    replays=True,
    errors=(412,),
    changes_public=True,
)
async def delete_document(ctx: Context, topic_id: str, document_id: str) -> Ok[DocumentDeleted]:
    """Delete a document of a topic. Running downloads finish, and it can be restored for a minute.

    `If-Match` compares the ETag of the stream response.
    """
    condition = ctx.header("if-match")
    await service.delete_document(ctx.db, ctx.actor, topic_id, document_id, if_match=condition)
    deleted = DocumentDeleted(document_id, topic_id, deleted=True)
    return Ok(data=deleted, message="Document deleted successfully")


@put(
    UPLOAD_VIDEO,
    tag=VIDEO_TAG,
    example={"video": "<binary_data>"},
    access=STAFF,
    bucket=UPLOAD,
    form=forms.VIDEO_FORM,
    body_limit=VIDEO.limit,
    resource="topic",
    returns=Video,
    status=(200, 201),
    errors=(412, 503, 507),
    changes_public=True,
)
async def upload_video(ctx: Context, topic_id: str) -> Response:
    """Upload or replace the video of a topic.

    The old video is served until the new one is stored.
    """
    if_match = ctx.header("if-match")
    await service.require_writable(ctx.db, ctx.actor, topic_id)

    async def admit() -> None:
        await service.check_video(ctx.db, topic_id, if_match=if_match)
        await service.check_upload(ctx.db, ctx.actor)

    async def replace(db: Database, form: Received) -> Response:
        video, first, quota = await service.put_video(
            db, ctx.actor, topic_id, form.file, if_match=if_match
        )
        ctx.response_headers = ctx.response_headers + quota
        headers = {"ETag": streaming.etag(video.sha256)}
        if first:
            message = "Video uploaded successfully"
            made = Created(data=video, location=video.video_url, message=message, headers=headers)
            return render(ctx, made)
        return render(ctx, Ok(data=video, message="Video replaced successfully", headers=headers))

    return await adopt(
        ctx,
        UPLOAD_VIDEO,
        admit=admit,
        receiving=partial(receive, ctx, VIDEO),
        work=replace,
    )


@get(
    "/education/topics/{topic_id}/video",
    tag=VIDEO_TAG,
    access=ANY_ROLE,
    bucket=MEDIA,
    resource="topic",
    errors=(206, 304, 403, 412, 416),
)
async def play_video(ctx: Context, topic_id: str, query: PlaybackQuery) -> Response:
    """Stream the video of a topic, or the part that `Range` selects."""
    find = partial(service.open_video, ctx.db, topic_id)
    return await streaming.send(ctx, ctx.get(Files).store, find, query.disposition)


@delete(
    UPLOAD_VIDEO,
    tag=VIDEO_TAG,
    access=STAFF,
    resource="topic",
    replays=True,
    errors=(412,),
    changes_public=True,
)
async def delete_video(ctx: Context, topic_id: str) -> Ok[VideoDeleted]:
    """Delete the video of a topic."""
    await service.delete_video(ctx.db, ctx.actor, topic_id, if_match=ctx.header("if-match"))
    deleted = VideoDeleted(topic_id, deleted=True)
    return Ok(data=deleted, message="Video deleted successfully")
