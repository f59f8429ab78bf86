"""Beginning, finding and cancelling resumable uploads, and clearing away what remains of them."""

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
from akako.uploads.queries import Kept
from akako.uploads.schemas import Plan, Result, Upload

log = structlog.get_logger(__name__)

MAX_UNFINISHED = 50


class Limits(msgspec.Struct, frozen=True):
    """What a user may have unfinished. Both are in bytes."""

    file: int
    unfinished: int  # the declared sizes of all unfinished uploads of a user


async def begin(
    db: Database, actor: Actor, *, plan: Plan, told: str, size: int, limits: Limits
) -> Kept:
    """Create an upload of `size` bytes, after the checks that need none of them.

    `told` is the plan as the client wrote it. Two creations by one user, or for one quota, wait for
    each other, so that they cannot pass a limit together.
    Raise NotFound, Forbidden, QuotaExceeded, PayloadTooLarge, UnsupportedMediaType, Conflict.
    """
    file_name = _checked(plan, size, limits.file)
    async with db.transaction() as tx:
        await authority.one_at_a_time(tx, actor)
        actor = await library.authorize(tx, actor, plan.topic_id, hold=False)
        await plans.hold_uploads(tx, actor)
        await library.check_upload(tx, actor)
        await _check_unfinished(tx, actor, size, limits.unfinished)
        return await queries.insert(
            tx, new_id(), actor, plan, told=told, file_name=file_name, size=size
        )


def _checked(plan: Plan, size: int, limit: int) -> str:
    """Return the name of the file, once its size, name and type are in order."""
    if size == 0:
        raise ValidationFailed.of("Upload-Length", "The file is empty", "0")
    if size > limit:
        raise PayloadTooLarge(limit)
    file_name = display_name(plan.filename)
    if not file_name:
        raise ValidationFailed.of("filename", "A file name is required", plan.filename)
    Inspector(MEDIUMS[plan.kind].kinds, file_name, plan.filetype)
    return file_name


async def _check_unfinished(tx: Database, actor: Actor, size: int, most: int) -> None:
    count, total = await queries.measure_unfinished(tx, actor.user_id)
    if count >= MAX_UNFINISHED:
        message = f"Only {MAX_UNFINISHED} uploads can be unfinished at a time"
        raise Conflict("upload", "uploads", MAX_UNFINISHED, message)
    if total + size > most:
        message = f"Unfinished uploads can have {most} bytes together: finish or cancel some"
        raise Conflict("upload", "Upload-Length", size, message)


async def find(db: Database, actor: Actor, upload_id: str) -> Kept:
    """An upload of the caller's own. Raise NotFound also when it has expired."""
    kept = await queries.find(db, upload_id, actor.user_id)
    if kept is None:
        raise NotFound("upload", upload_id)
    return kept


async def look_up(db: Database, actor: Actor, folder: Path, upload_id: str) -> Kept:
    """An upload that can be gone on with, or is finished. Raise NotFound also without its file."""
    kept = await find(db, actor, upload_id)
    if kept.result_id is None and await landing.size_of(folder, upload_id) < kept.received:
        log.error("upload_not_here", upload=kept.id)
        raise NotFound("upload", upload_id)
    return kept


async def cancel(db: Database, actor: Actor, folder: Path, upload_id: str) -> None:
    """Forget an upload; what a finished one has become stays."""
    await find(db, actor, upload_id)
    async with landing.landing(folder, upload_id):
        await forget(db, folder, upload_id)


async def forget(db: Database, folder: Path, upload_id: str) -> None:
    await queries.delete(db, upload_id)
    await landing.remove(folder, upload_id)


def result(kept: Kept) -> Result | None:
    if kept.result_id is None:
        return None
    if kept.kind == "document":
        return Result(kept.kind, kept.result_id, stream_url(kept.result_id))
    return Result(kept.kind, kept.result_id, video_url(kept.topic_id))


def shown(kept: Kept) -> Upload:
    return Upload(
        id=kept.id,
        kind=kept.kind,
        topic_id=kept.topic_id,
        file_name=kept.file_name,
        offset=kept.received,
        length=kept.size,
        expires_at=kept.expires_at,
        result=result(kept),
    )


async def shown_whole(db: Database, actor: Actor, kept: Kept) -> Upload:
    """Return the upload with what it has become, if that exists and the caller may read it.

    Whoever began an upload may have lost the subject since, and the topic's video may be the next
    mentor's.
    """
    upload = shown(kept)
    if kept.result_id is None or not await library.may_read(db, actor, kept.topic_id):
        return upload
    if kept.kind == "document":
        document = await material.get_document(db, kept.result_id)
        return msgspec.structs.replace(upload, document=document) if document else upload
    row = await material.find_video(db, kept.topic_id)
    playable = row is not None and row["video_key"] is not None
    return msgspec.structs.replace(upload, video=material.video(row)) if playable else upload


async def sweep(db: Database, folder: Path) -> int:
    """Clear expired uploads away, and files that no unfinished upload needs.

    Return how many uploads had expired. Runs on every machine that has such a folder.
    """
    expired = await queries.delete_expired(db)
    # Listed first: a file is made after its row.
    found = await landing.existing(folder)
    needed = await queries.unfinished_of(db, found)
    for upload_id in found:
        if upload_id not in needed:
            await landing.remove(folder, upload_id)
    if expired:
        log.info("uploads_expired", count=expired)
    return expired
