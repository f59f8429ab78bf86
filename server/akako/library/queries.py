"""SQL about documents, videos and the objects they are stored as."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from akako.education.schemas import Document
from akako.kernel.core.envelope import Listed
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Sort, Spec
from akako.kernel.db.pages import Where
from akako.library.schemas import Video
from akako.storage.intake import StoredFile

DOCUMENTS = Spec(sorts={"createdAt": Sort("d.created_at")}, default="createdAt", identity="d.id")
COLUMNS = """
d.id, d.topic_id, d.name, d.description, d.file_name, d.mime_type, d.size, d.sha256, d.uploaded_by,
d.created_at
"""


class Playable(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file with its name and type.

    `replaceable`: another file may replace it, even within a second. `charset`: the encoding of a
    text, if it is certain.
    """

    key: str
    file_name: str
    mime_type: str
    size: int
    sha256: str
    changed_at: datetime
    replaceable: bool = False
    charset: str | None = None


def stream_url(document_id: str) -> str:
    return f"/api/s3/document/stream?documentId={document_id}"


def video_url(topic_id: str) -> str:
    return f"/api/education/topics/{topic_id}/video"


def _document(row: asyncpg.Record) -> Document:
    facts = {name: row[name] for name in Document.__struct_fields__ if name != "url"}
    return Document(**facts, url=stream_url(row["id"]))


async def insert_document(
    tx: Database,
    document_id: str,
    topic_id: str,
    file: StoredFile,
    *,
    name: str,
    description: str | None,
    uploaded_by: str,
) -> Document:
    row = await tx.fetchrow(
        f"""
        insert into documents as d (id, topic_id, name, description, file_name, mime_type, size,
                                    sha256, storage_key, status, uploaded_by, charset)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'ACTIVE', $10, $11)
        returning {COLUMNS}
        """,
        document_id,
        topic_id,
        name,
        description,
        file.file_name,
        file.mime_type,
        file.size,
        file.sha256,
        file.key,
        uploaded_by,
        file.charset,
    )
    assert row is not None
    return _document(row)


async def add_to_count(tx: Database, topic_id: str, change: int, *, most: int) -> bool:
    """Change the document count of a topic; return False if it would exceed the limit."""
    done = await tx.fetchval(
        """
        update topics set document_count = document_count + $2, updated_at = now()
        where id = $1 and document_count + $2 <= $3 returning true
        """,
        topic_id,
        change,
        most,
    )
    return bool(done)


async def list_documents(db: Database, request: listing.Request, topic_id: str) -> Listed[Document]:
    where = Where("d.status = 'ACTIVE'")
    where.add("d.topic_id = {}", topic_id)
    return await pages.fetch(
        db,
        DOCUMENTS,
        request,
        source="documents d",
        columns=COLUMNS,
        where=where,
        build=_document,
    )


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the documents that the user uploaded, for the export of personal data."""
    sql = f"""
    select {COLUMNS} from documents d where d.uploaded_by = $1 and d.status = 'ACTIVE'
    order by d.created_at, d.id
    """
    return {"documents": [_document(row) for row in await db.fetch(sql, user_id)]}


async def get_document(db: Database, document_id: str) -> Document | None:
    sql = f"select {COLUMNS} from documents d where d.id = $1 and d.status = 'ACTIVE'"
    row = await db.fetchrow(sql, document_id)
    return _document(row) if row else None


async def find_document(db: Database, document_id: str) -> tuple[str, Playable] | None:
    """Return topic id and file of a document that can be streamed."""
    row = await db.fetchrow(
        """
        select topic_id, storage_key as key, file_name, mime_type, charset, size, sha256,
               created_at as changed_at
        from documents where id = $1 and status = 'ACTIVE'
        """,
        document_id,
    )
    if row is None:
        return None
    facts = dict(row)
    return facts.pop("topic_id"), Playable(**facts)


async def delete_document(tx: Database, topic_id: str, document_id: str) -> tuple[str, str] | None:
    """Mark a document as deleted; return the key and hash of its object, or None."""
    row = await tx.fetchrow(
        """
        update documents set status = 'DELETED', deleted_at = now()
        where id = $1 and topic_id = $2 and status = 'ACTIVE' returning storage_key, sha256
        """,
        document_id,
        topic_id,
    )
    return row and (row["storage_key"], row["sha256"])


VIDEO_COLUMNS = """
id, video_key, video_file_name, video_mime, video_size, video_sha256, video_version,
video_updated_at
"""


async def find_video(db: Database, topic_id: str) -> asyncpg.Record | None:
    """Return the topic's video columns, also where `video_key` is null."""
    sql = f"select {VIDEO_COLUMNS} from topics where id = $1 and deleted_at is null"
    return await db.fetchrow(sql, topic_id)


def video(row: asyncpg.Record) -> Video:
    return Video(
        topic_id=row["id"],
        video_url=video_url(row["id"]),
        mime_type=row["video_mime"],
        size=row["video_size"],
        sha256=row["video_sha256"],
        version=row["video_version"],
        updated_at=row["video_updated_at"],
    )


def playable_video(row: asyncpg.Record) -> Playable:
    return Playable(
        key=row["video_key"],
        file_name=row["video_file_name"],
        mime_type=row["video_mime"],
        size=row["video_size"],
        sha256=row["video_sha256"],
        changed_at=row["video_updated_at"],
        replaceable=True,
    )


async def put_video(tx: Database, topic_id: str, file: StoredFile) -> Video:
    row = await tx.fetchrow(
        f"""
        update topics set video_key = $2, video_file_name = $3, video_mime = $4, video_size = $5,
            video_sha256 = $6, video_version = video_version + 1, video_updated_at = now(),
            updated_at = now()
        where id = $1 returning {VIDEO_COLUMNS}
        """,
        topic_id,
        file.key,
        file.file_name,
        file.mime_type,
        file.size,
        file.sha256,
    )
    assert row is not None
    return video(row)


async def remove_video(tx: Database, topic_id: str) -> None:
    await tx.execute(
        """
        update topics set video_key = null, video_file_name = null, video_mime = null,
            video_size = null, video_sha256 = null, video_updated_at = null, updated_at = now()
        where id = $1
        """,
        topic_id,
    )
