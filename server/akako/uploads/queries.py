"""SQL about resumable uploads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from akako.kernel.core.access import Actor
from akako.kernel.db.database import Database
from akako.uploads.schemas import Kind, Plan

# Time limit of an upload; a finished one stays visible for the same time.
LIFETIME_HOURS = 24

COLUMNS = """
id, kind, topic_id, size, received, file_name, declared_type, name, description,
told as metadata, result_id, expires_at
"""


class StoredUpload(msgspec.Struct, frozen=True):
    """A row of resumable_uploads, in the order of COLUMNS."""

    id: str
    kind: Kind
    topic_id: str
    size: int
    received: int
    file_name: str
    declared_type: str | None
    name: str | None
    description: str | None
    metadata: str
    result_id: str | None
    expires_at: datetime


def _stored(row: asyncpg.Record | None) -> StoredUpload | None:
    return StoredUpload(*row.values()) if row else None


async def export(db: Database, user_id: str) -> dict[str, object]:
    """Return the user's unfinished uploads, for the export of personal data."""
    sql = """
    select id, kind, topic_id, file_name, name, description, size, received, created_at, expires_at
    from resumable_uploads where user_id = $1 order by created_at, id
    """
    return {"uploads": [_exported(row) for row in await db.fetch(sql, user_id)]}


def _exported(row: asyncpg.Record) -> dict[str, object]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "topicId": row["topic_id"],
        "fileName": row["file_name"],
        "name": row["name"],
        "description": row["description"],
        "size": row["size"],
        "received": row["received"],
        "createdAt": row["created_at"],
        "expiresAt": row["expires_at"],
    }


async def insert(
    db: Database,
    upload_id: str,
    actor: Actor,
    plan: Plan,
    *,
    metadata: str,
    file_name: str,
    size: int,
) -> StoredUpload:
    row = await db.fetchrow(
        f"""
        insert into resumable_uploads
            (id, user_id, kind, topic_id, size, file_name, declared_type, name, description,
             told, expires_at, quota_subject)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + make_interval(hours => $11), $12)
        returning {COLUMNS}
        """,
        upload_id,
        actor.user_id,
        plan.kind,
        plan.topic_id,
        size,
        file_name,
        plan.filetype,
        plan.name,
        plan.description,
        metadata,
        LIFETIME_HOURS,
        actor.subject,
    )
    assert row is not None
    return StoredUpload(*row.values())


async def find(db: Database, upload_id: str, user_id: str) -> StoredUpload | None:
    """Return the upload if it belongs to the user and has not expired."""
    return _stored(
        await db.fetchrow(
            f"""
            select {COLUMNS} from resumable_uploads
            where id = $1 and user_id = $2 and expires_at > now()
            """,
            upload_id,
            user_id,
        )
    )


async def measure_unfinished(db: Database, user_id: str) -> tuple[int, int]:
    """Return how many unfinished uploads the user has, and their declared sizes in bytes."""
    sql = """
    select count(*), coalesce(sum(size), 0)::bigint from resumable_uploads
    where user_id = $1 and result_id is null and expires_at > now()
    """
    row = await db.fetchrow(sql, user_id)
    assert row is not None
    return row[0], row[1]


async def advance(db: Database, upload_id: str, received: int) -> StoredUpload | None:
    """Record how many bytes are on the disk.

    Return None if the upload was removed or has expired.
    """
    sql = f"""
    update resumable_uploads set received = $2
    where id = $1 and result_id is null and expires_at > now() returning {COLUMNS}
    """
    return _stored(await db.fetchrow(sql, upload_id, received))


async def finish(tx: Database, upload_id: str, result_id: str) -> StoredUpload | None:
    """Record what the upload has become. Return None if the upload was removed or has expired."""
    sql = f"""
    update resumable_uploads set received = size, result_id = $2,
        expires_at = now() + make_interval(hours => $3)
    where id = $1 and result_id is null and expires_at > now() returning {COLUMNS}
    """
    return _stored(await tx.fetchrow(sql, upload_id, result_id, LIFETIME_HOURS))


async def delete(db: Database, upload_id: str) -> None:
    await db.execute("delete from resumable_uploads where id = $1", upload_id)


async def delete_expired(db: Database) -> int:
    """Delete expired uploads; return their number."""
    rows = await db.fetch(
        "delete from resumable_uploads where expires_at <= now() returning result_id"
    )
    return sum(row["result_id"] is None for row in rows)


async def unfinished_of(db: Database, upload_ids: Sequence[str]) -> set[str]:
    """Return the ids whose file is still needed."""
    sql = "select id from resumable_uploads where id = any($1::text[]) and result_id is null"
    return {row["id"] for row in await db.fetch(sql, list(upload_ids))}
