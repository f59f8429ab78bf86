"""Endpoints of documents and videos."""

from __future__ import annotations

from akako.education.schemas import Document
from akako.kernel import idempotency, listing
from akako.kernel.access import ADMIN, LEARNER, MENTOR, requires
from akako.kernel.database import Database
from akako.kernel.envelope import Created, Listed, Ok
from akako.kernel.errors import InternalError, ValidationFailed
from akako.kernel.files.kinds import DOCUMENTS, VIDEOS
from akako.kernel.http.call import Call
from akako.kernel.http.endpoint import delete, get, post, put
from akako.kernel.http.once import once
from akako.kernel.http.render import render
from akako.kernel.http.reply import Reply
from akako.kernel.limits import MEDIA, UPLOAD
from akako.library import forms, queries, service, streaming
from akako.library.queries import Playable
from akako.library.schemas import (
    DocumentDeleted,
    PlaybackQuery,
    StreamQuery,
    Video,
    VideoDeleted,
)

STAFF = requires(ADMIN, MENTOR)
EVERYBODY = requires(ADMIN, MENTOR, LEARNER)


@post(
    "/s3/document/upload",
    access=STAFF,
    bucket=UPLOAD,
    form=forms.DOCUMENT_FORM,
    body_setting="max_document_bytes",
    returns=Document,
    status=(201,),
    errors=(404, 409, 503),
)
async def upload_document(call: Call) -> Reply:
    """Upload a document to a topic.

    The parts may come in any order. Twice the same file makes two documents, unless the
    Idempotency-Key is the same.
    """
    key = idempotency.read_key(call.header("idempotency-key"))
    await service.check_upload(call.db, call.actor)
    form = await forms.receive(
        call, call.db, "file", DOCUMENTS, call.outside.max_document_bytes, "documents"
    )
    adopted = False

    async def add(db: Database) -> Reply:
        nonlocal adopted
        topic_id, metadata = forms.topic_id(form.texts), forms.metadata(form.texts)
        document, quota = await service.add_document(
            db, call.actor, topic_id, form.file, metadata=metadata
        )
        adopted = True
        call.reply_headers = call.reply_headers + quota
        message = "Document uploaded successfully"
        return render(call, Created(data=document, location=document.url, message=message))

    try:
        if key is None:
            return await add(call.db)
        parts = [repr(sorted(form.texts.items())).encode(), form.file.sha256.encode()]
        return await once(call, "/api/s3/document/upload", key, parts, add)
    finally:
        if not adopted:
            await forms.discard(call, call.db, form.file)


@get(
    "/education/topics/{topic_id}/documents",
    access=EVERYBODY,
    listing=queries.DOCUMENTS,
    resource="topic",
)
async def list_documents(call: Call, topic_id: str, request: listing.Request) -> Listed[Document]:
    """List the documents of a topic."""
    await service.readable_topic(call.db, call.actor, topic_id)
    return await queries.list_documents(call.db, request, topic_id)


@get("/s3/document/stream", access=EVERYBODY, bucket=MEDIA, errors=(206, 304, 403, 404, 416))
async def stream_document(call: Call, query: StreamQuery) -> Reply:
    """Stream a document, or the part of it that `Range` asks for."""
    document_id = query.document_id or query.id
    if document_id is None:
        raise ValidationFailed.of("documentId", "Required")
    if query.document_id and query.id and query.document_id != query.id:
        raise ValidationFailed.of("id", "Differs from documentId", query.id)
    file = await service.open_document(call.db, call.actor, document_id, topic_id=query.topic_id)
    return await _send(call, file, query.disposition)


@delete(
    "/admin/education/topics/{topic_id}/documents/{document_id}",
    access=STAFF,
    resource="document",
    replays=True,
)
async def delete_document(call: Call, topic_id: str, document_id: str) -> Ok[DocumentDeleted]:
    """Delete a document of a topic. Running downloads finish."""
    await service.delete_document(call.db, call.actor, topic_id, document_id)
    deleted = DocumentDeleted(document_id, topic_id, deleted=True)
    return Ok(data=deleted, message="Document deleted successfully")


@put(
    "/admin/education/topics/{topic_id}/video",
    access=STAFF,
    bucket=UPLOAD,
    form=forms.VIDEO_FORM,
    body_setting="max_video_bytes",
    resource="topic",
    returns=Video,
    status=(200, 201),
    errors=(412, 503),
)
async def upload_video(call: Call, topic_id: str) -> Reply:
    """Upload or replace the video of a topic. The old one plays until the new one is complete."""
    key = idempotency.read_key(call.header("idempotency-key"))
    await service.writable_topic(call.db, call.actor, topic_id)
    await service.check_upload(call.db, call.actor)
    form = await forms.receive(
        call, call.db, "video", VIDEOS, call.outside.max_video_bytes, "videos"
    )
    adopted = False

    async def replace(db: Database) -> Reply:
        nonlocal adopted
        video, first, quota = await service.put_video(
            db, call.actor, topic_id, form.file, if_match=call.header("if-match")
        )
        adopted = True
        call.reply_headers = call.reply_headers + quota
        headers = {"ETag": streaming.etag(video.sha256)}
        if first:
            message = "Video uploaded successfully"
            made = Created(data=video, location=video.video_url, message=message, headers=headers)
            return render(call, made)
        return render(call, Ok(data=video, message="Video replaced successfully", headers=headers))

    try:
        if key is None:
            return await replace(call.db)
        route = "/api/admin/education/topics/{topic_id}/video"
        return await once(call, route, key, [form.file.sha256.encode()], replace)
    finally:
        if not adopted:
            await forms.discard(call, call.db, form.file)


@get(
    "/education/topics/{topic_id}/video",
    access=EVERYBODY,
    bucket=MEDIA,
    resource="video",
    errors=(206, 304, 403, 416),
)
async def play_video(call: Call, topic_id: str, query: PlaybackQuery) -> Reply:
    """Play the video of a topic, from any byte that `Range` asks for."""
    file = await service.open_video(call.db, call.actor, topic_id)
    return await _send(call, file, query.disposition)


@delete(
    "/admin/education/topics/{topic_id}/video",
    access=STAFF,
    resource="video",
    replays=True,
    errors=(412,),
)
async def delete_video(call: Call, topic_id: str) -> Ok[VideoDeleted]:
    """Delete the video of a topic."""
    await service.delete_video(call.db, call.actor, topic_id, if_match=call.header("if-match"))
    deleted = VideoDeleted(topic_id, deleted=True)
    return Ok(data=deleted, message="Video deleted successfully")


async def _send(call: Call, file: Playable, disposition: str | None) -> Reply:
    try:
        return await streaming.send(call, call.outside.store, file, disposition)
    except streaming.ObjectMissing:
        raise InternalError(call.id) from None
