"""Business rules of resumable uploads: create, find, cancel and clean up."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from akako.authority import service as authority
from akako.filetypes.kinds import Inspector
from akako.filetypes.names import display_name
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import Conflict, NotFound, PayloadTooLarge, ValidationFailed
from akako.kernel.core.ids import new_id
from akako.kernel.db.database import Database
from akako.library import queries as material
from akako.library import service as library
from akako.library.media import MEDIUMS
from akako.library.queries import stream_url, video_url
from akako.plans import service as plans
from akako.uploads import landing, queries
from akako.uploads.queries import StoredUpload
from akako.uploads.schemas import Plan, Result, Upload

log = structlog.get_logger(__name__)

MAX_UNFINISHED = 50


class Limits(msgspec.Struct, frozen=True):
    """The limits of a user's unfinished uploads, in bytes."""

    file: int
    unfinished: int  # the declared sizes of all unfinished uploads of a user


async def begin(
    db: Database, actor: Actor, *, plan: Plan, metadata: str, size: int, limits: Limits
) -> StoredUpload:
    """Create an upload of `size` bytes, after all checks that do not need its content.

    `metadata` is the unparsed `Upload-Metadata`. Concurrent creations by one user, or for one
    quota, are serialized, so that they cannot exceed a limit together. Raises NotFound, Forbidden,
    QuotaExceeded, PayloadTooLarge, UnsupportedMediaType, Conflict.
    """
    file_name = _checked(plan, size, limits.file)
    async with db.transaction() as tx:
        await authority.one_at_a_time(tx, actor)
        actor = await library.authorize(tx, actor, plan.topic_id, hold=False)
        await plans.hold_uploads(tx, actor)
        await library.check_upload(tx, actor)
        await _check_unfinished(tx, actor, size, limits.unfinished)
        return await queries.insert(
            tx, new_id(), actor, plan, metadata=metadata, file_name=file_name, size=size
        )


def _checked(plan: Plan, size: int, limit: int) -> str:
    """Check size, name and type; return the name of the file."""
    if size == 0:
        raise ValidationFailed.of("Upload-Length", "The file is empty", "0")
    if size > limit:
        raise PayloadTooLarge(limit)
    file_name = display_name(plan.filename)
    if not file_name:
        raise ValidationFailed.of("filename", "A file name is required", plan.filename)
    Inspector(MEDIUMS[plan.kind].kinds, file_name, plan.filetype).require_size(size)
    return file_name


async def _check_unfinished(tx: Database, actor: Actor, size: int, most: int) -> None:
    count, total = await queries.measure_unfinished(tx, actor.user_id)
    if count >= MAX_UNFINISHED:
        message = f"Only {MAX_UNFINISHED} uploads can be unfinished at a time"
        raise Conflict("upload", "uploads", MAX_UNFINISHED, message)
    if total + size > most:
        message = f"Unfinished uploads can have {most} bytes together: finish or cancel some"
        raise Conflict("upload", "Upload-Length", size, message)


async def find(db: Database, actor: Actor, upload_id: str) -> StoredUpload:
    """Return an upload of the caller. Raises NotFound if it has expired."""
    stored = await queries.find(db, upload_id, actor.user_id)
    if stored is None:
        raise NotFound("upload", upload_id)
    return stored


async def look_up(db: Database, actor: Actor, folder: Path, upload_id: str) -> StoredUpload:
    """Return an upload that can be continued or is finished. Raises NotFound without its file."""
    stored = await find(db, actor, upload_id)
    if stored.result_id is None and await landing.size_of(folder, upload_id) < stored.received:
        log.error("upload_not_here", upload=stored.id)
        raise NotFound("upload", upload_id)
    return stored


async def cancel(db: Database, actor: Actor, folder: Path, upload_id: str) -> None:
    """Cancel an upload. The result of a finished one stays."""
    await find(db, actor, upload_id)
    async with landing.landing(folder, upload_id):
        await forget(db, folder, upload_id)


async def forget(db: Database, folder: Path, upload_id: str) -> None:
    await queries.delete(db, upload_id)
    await landing.remove(folder, upload_id)


def result(stored: StoredUpload) -> Result | None:
    if stored.result_id is None:
        return None
    if stored.kind == "document":
        return Result(stored.kind, stored.result_id, stream_url(stored.result_id))
    return Result(stored.kind, stored.result_id, video_url(stored.topic_id))


def shown(stored: StoredUpload) -> Upload:
    return Upload(
        id=stored.id,
        kind=stored.kind,
        topic_id=stored.topic_id,
        file_name=stored.file_name,
        offset=stored.received,
        length=stored.size,
        expires_at=stored.expires_at,
        result=result(stored),
    )


async def shown_whole(db: Database, actor: Actor, stored: StoredUpload) -> Upload:
    """Return the upload with its document or video, if that exists and the caller may read it.

    The creator of an upload may have lost access to the subject, or another mentor may have
    replaced the video.
    """
    upload = shown(stored)
    if stored.result_id is None or not await library.may_read(db, actor, stored.topic_id):
        return upload
    if stored.kind == "document":
        document = await material.get_document(db, stored.result_id)
        return msgspec.structs.replace(upload, document=document) if document else upload
    row = await material.find_video(db, stored.topic_id)
    playable = row is not None and row["video_key"] is not None
    return msgspec.structs.replace(upload, video=material.video(row)) if playable else upload


async def sweep(db: Database, folder: Path) -> int:
    """Remove expired uploads, and files that no unfinished upload needs.

    Returns the number of expired uploads. Runs on every machine with an upload folder.
    """
    expired = await queries.delete_expired(db)
    # Listed first, because a file is created after its row.
    found = await landing.existing(folder)
    needed = await queries.unfinished_of(db, found)
    for upload_id in found:
        if upload_id not in needed:
            await landing.remove(folder, upload_id)
    if expired:
        log.info("uploads_expired", count=expired)
    return expired
