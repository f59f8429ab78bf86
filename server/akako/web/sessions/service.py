"""Start, find and end web sessions."""

from __future__ import annotations

import hashlib
import secrets

import asyncpg

from akako.kernel.core.ids import new_id
from akako.kernel.db.database import Database
from akako.web.sessions import queries
from akako.web.sessions.queries import Session

ID_BYTES = 32
MAX_USER_AGENT = 200


def hashed(secret: str) -> bytes:
    """Return the form in which a secret is stored."""
    return hashlib.sha256(secret.encode()).digest()


async def start(db: Database, user_id: str, *, user_agent: str, replaces: str | None) -> str:
    """Start a session; return the value of its cookie.

    Args:
        replaces: The cookie of the request, whose session ends: an id never survives a sign-in.
    """
    cookie = secrets.token_urlsafe(ID_BYTES)
    async with db.transaction() as tx:
        if replaces:
            await queries.delete(tx, hashed(replaces))
        await queries.insert(
            tx,
            hashed(cookie),
            f"web_{new_id()}",
            user_id,
            secrets.token_urlsafe(ID_BYTES),
            user_agent[:MAX_USER_AGENT],
        )
    return cookie


async def find(db: Database, cookie: str) -> tuple[Session, asyncpg.Record] | None:
    """Return the session of a cookie and the row of its account.

    Its use is recorded at most once a minute.
    """
    id_hash = hashed(cookie)
    found = await queries.find(db, id_hash)
    if found and found[0].stale:
        await queries.record_use(db, id_hash)
    return found


async def end(db: Database, cookie: str) -> None:
    await queries.delete(db, hashed(cookie))
