"""SQL about the names of documents, and about deleted documents."""

from __future__ import annotations

from collections.abc import Mapping

from akako.kernel.db.database import Database

LOCK = """
select name, description from documents
where id = $1 and topic_id = $2 and status = 'ACTIVE' for no key update
"""
STORE = """
with renamed as (update documents set name = $2, description = $3 where id = $1 returning topic_id)
update topics set updated_at = now() from renamed where topics.id = renamed.topic_id
"""


RESTORABLE = """
select storage_key, status from documents
where id = $1 and topic_id = $2 and status in ('ACTIVE', 'DELETED') for no key update
"""
RESTORE = "update documents set status = 'ACTIVE', deleted_at = null where id = $1"


async def lock(tx: Database, topic_id: str, document_id: str) -> dict[str, str | None] | None:
    """Return name and description of a document, locked until the end of the transaction."""
    row = await tx.fetchrow(LOCK, document_id, topic_id)
    return dict(row) if row else None


async def lock_restorable(tx: Database, topic_id: str, document_id: str) -> tuple[str, bool] | None:
    """Return the storage key of a document and whether it is deleted; lock it."""
    row = await tx.fetchrow(RESTORABLE, document_id, topic_id)
    return (row["storage_key"], row["status"] == "DELETED") if row else None


async def restore(tx: Database, document_id: str) -> None:
    await tx.execute(RESTORE, document_id)


async def lock_video(tx: Database, topic_id: str) -> tuple[str, str] | None:
    """Return file name and MIME type of a topic's video, locked until the transaction ends."""
    sql = """
    select video_file_name, video_mime from topics where id = $1 and video_key is not null
    for no key update
    """
    row = await tx.fetchrow(sql, topic_id)
    return (row["video_file_name"] or "", row["video_mime"] or "") if row else None


async def name_video(tx: Database, topic_id: str, name: str) -> None:
    sql = "update topics set video_file_name = $2, updated_at = now() where id = $1"
    await tx.execute(sql, topic_id, name)


async def store(tx: Database, document_id: str, names: Mapping[str, str | None]) -> None:
    await tx.execute(STORE, document_id, names["name"], names["description"])
