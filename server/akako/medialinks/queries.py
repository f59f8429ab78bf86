"""SQL about the key of media links."""

from __future__ import annotations

from akako.kernel.db.database import Database


async def link_key(db: Database) -> bytes:
    """Return the key that encrypts media links: 32 bytes."""
    return bytes(await db.fetchval("select key from media_link_key"))
