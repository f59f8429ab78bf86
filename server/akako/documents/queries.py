"""SQL about the names of documents."""

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


async def lock(tx: Database, topic_id: str, document_id: str) -> dict[str, str | None] | None:
    """Return name and description of a document, locked until the end of the transaction."""
    row = await tx.fetchrow(LOCK, document_id, topic_id)
    return dict(row) if row else None


async def store(tx: Database, document_id: str, names: Mapping[str, str | None]) -> None:
    await tx.execute(STORE, document_id, names["name"], names["description"])
