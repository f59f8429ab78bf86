"""Business rules of documents and videos."""

from __future__ import annotations

import asyncpg

from akako.authority import service as authority
from akako.education.schemas import Document
from akako.kernel.core.access import ADMIN, MENTOR, Actor, requires
from akako.kernel.core.errors import Conflict, NotFound, PreconditionFailed, ServiceUnavailable
from akako.kernel.core.etags import if_match as tag_matches
from akako.kernel.core.ids import new_id
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.kernel.http.responses import Headers
from akako.library import queries
from akako.library.queries import Playable
from akako.library.schemas import DocumentMetadata, Video
from akako.library.streaming import etag
from akako.plans import service as plans
from akako.storage import queries as storage
from akako.storage.intake import StoredFile
from akako.visibility.access import find_topic_access, require_read, require_write

MAX_DOCUMENTS = 100
STAFF = requires(ADMIN, MENTOR)


async def require_writable(
    db: Database, actor: Actor, topic_id: str, *, hold: bool = False
) -> None:
    """Raise NotFound or Forbidden unless the caller may change the topic's material.

    With `hold`, row locks keep that true until the end of the transaction.
    """
    access = await find_topic_access(db, actor, topic_id, hold=hold)
    if access is None:
        raise NotFound("topic", topic_id)
    require_write(actor, access)


async def authorize(tx: Database, actor: Actor, topic_id: str, *, hold: bool = True) -> Actor:
    """Return the actor with current roles and plan, if the actor may change the topic's material.

    Row locks keep the account, and with `hold` the topic and subject, unchanged until the end of
    the transaction. The upload may have started an hour before. Raises Unauthorized, Forbidden,
    NotFound.
    """
    actor = await authority.current(tx, actor, STAFF)
    await require_writable(tx, actor, topic_id, hold=hold)
    return actor


async def check_upload(db: Database, actor: Actor, *, apart_from: str | None = None) -> None:
    """Raise QuotaExceeded unless one more upload fits, in addition to unfinished ones.

    `apart_from` is the id of the resumable upload that is checked; it does not count.
    """
    pending = await storage.count_pending(db, actor.subject, apart_from=apart_from)
    await plans.check_upload(db, actor, under_way=pending)


async def add_document(
    db: Database, actor: Actor, topic_id: str, file: StoredFile, *, metadata: DocumentMetadata
) -> tuple[Document, Headers]:
    """Create a document from a stored file; return it with the quota headers.

    Raises NotFound, Forbidden, QuotaExceeded, and Conflict if the topic is full.
    """
    async with db.transaction() as tx:
        actor = await authorize(tx, actor, topic_id)
        await _adopt(tx, file)
        if not await queries.add_to_count(tx, topic_id, 1, most=MAX_DOCUMENTS):
            raise full()
        document = await queries.insert_document(
            tx,
            new_id(),
            topic_id,
            file,
            name=metadata.name or file.file_name,
            description=metadata.description,
            uploaded_by=actor.user_id,
        )
        quota = await plans.count_upload(tx, actor)
        await audit.record(
            tx,
            actor,
            "document.uploaded",
            "document",
            document.id,
            after=_facts(file, topic_id),
            announces={"id": document.id, "topicId": topic_id},
        )
        return document, quota


def full() -> Conflict:
    """Return the error for a topic that has no room for another document."""
    message = f"A topic can have {MAX_DOCUMENTS} documents"
    return Conflict("topic", "documents", MAX_DOCUMENTS, message)


async def _adopt(tx: Database, file: StoredFile) -> None:
    """Mark the object as adopted. Raises ServiceUnavailable if the sweeper has removed it."""
    if not await storage.forget_object(tx, file.key):
        raise ServiceUnavailable


def _facts(file: StoredFile, topic_id: str) -> dict[str, object]:
    """Return the data of a file for the audit log, without its name, which may be personal."""
    return {
        "topicId": topic_id,
        "mimeType": file.mime_type,
        "size": file.size,
        "sha256": file.sha256,
    }


async def delete_document(
    db: Database, actor: Actor, topic_id: str, document_id: str, *, if_match: str | None
) -> None:
    """Delete a document. Raises PreconditionFailed if `if_match` names a different content."""
    async with db.transaction() as tx:
        await require_writable(tx, actor, topic_id, hold=True)
        deleted = await queries.delete_document(tx, topic_id, document_id)
        if deleted is None:
            raise NotFound("document", document_id)
        key, sha256 = deleted
        _require_match(if_match, etag(sha256))
        await queries.add_to_count(tx, topic_id, -1, most=MAX_DOCUMENTS)
        await storage.queue_cleanup(tx, key)
        await audit.record(
            tx,
            actor,
            "document.deleted",
            "document",
            document_id,
            before={"topicId": topic_id},
            announces={"id": document_id, "topicId": topic_id},
        )


async def may_read(db: Database, actor: Actor, topic_id: str) -> bool:
    """Return whether the topic exists and the caller may read its material."""
    access = await find_topic_access(db, actor, topic_id)
    return access is not None and access.readable


async def readable_topic(db: Database, actor: Actor, topic_id: str) -> None:
    """Raise NotFound or Forbidden unless the caller may read the topic's material."""
    access = await find_topic_access(db, actor, topic_id)
    if access is None:
        raise NotFound("topic", topic_id)
    require_read(actor, access)


async def open_document(
    db: Database, document_id: str, topic_id: str | None, actor: Actor
) -> Playable:
    """Return the file of a document that the caller may read."""
    found = await queries.find_document(db, document_id)
    if found is None or (topic_id is not None and topic_id != found[0]):
        raise NotFound("document", document_id)
    access = await find_topic_access(db, actor, found[0])
    if access is None:
        raise NotFound("document", document_id)
    require_read(actor, access)
    return found[1]


async def open_video(db: Database, topic_id: str, actor: Actor) -> Playable:
    await readable_topic(db, actor, topic_id)
    row = await queries.find_video(db, topic_id)
    if row is None or row["video_key"] is None:
        raise NotFound("video", topic_id)
    return queries.playable_video(row)


async def check_video(db: Database, topic_id: str, *, if_match: str | None) -> None:
    """Raise PreconditionFailed if `if_match` does not name the current video."""
    row = await queries.find_video(db, topic_id) if if_match else None
    if row is not None:
        _require_match(if_match, _video_etag(row))


def _video_etag(row: asyncpg.Record) -> str | None:
    return etag(row["video_sha256"]) if row["video_key"] else None


def _require_match(if_match: str | None, current: str | None) -> None:
    if if_match is not None and not tag_matches(if_match, current):
        raise PreconditionFailed(current)


async def put_video(
    db: Database, actor: Actor, topic_id: str, file: StoredFile, *, if_match: str | None
) -> tuple[Video, bool, Headers]:
    """Make a stored file the video; return it, whether it is the first one, and quota headers.

    The old video is served until the commit. Raises PreconditionFailed if `if_match` does not name
    the current video.
    """
    async with db.transaction() as tx:
        actor = await authorize(tx, actor, topic_id)
        row = await queries.find_video(tx, topic_id)
        if row is None:
            raise NotFound("topic", topic_id)
        _require_match(if_match, _video_etag(row))
        await _adopt(tx, file)
        if row["video_key"]:
            await storage.queue_cleanup(tx, row["video_key"])
        video = await queries.put_video(tx, topic_id, file)
        quota = await plans.count_upload(tx, actor)
        after = _facts(file, topic_id)
        event = {"topicId": topic_id}
        await audit.record(
            tx, actor, "video.uploaded", "video", topic_id, after=after, announces=event
        )
        return video, row["video_key"] is None, quota


async def delete_video(db: Database, actor: Actor, topic_id: str, *, if_match: str | None) -> None:
    async with db.transaction() as tx:
        await require_writable(tx, actor, topic_id, hold=True)
        row = await queries.find_video(tx, topic_id)
        if row is None or row["video_key"] is None:
            raise NotFound("video", topic_id)
        _require_match(if_match, _video_etag(row))
        await storage.queue_cleanup(tx, row["video_key"])
        await queries.remove_video(tx, topic_id)
        event = {"topicId": topic_id}
        await audit.record(tx, actor, "video.deleted", "video", topic_id, announces=event)
