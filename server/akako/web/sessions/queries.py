"""SQL about web sessions, sign-ins under way and signing keys."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from akako.identity.callers.queries import actor_columns
from akako.kernel.db.database import Database
from akako.notifications.queries import SHOWN

IDLE_HOURS, ABSOLUTE_DAYS = 12, 30
SEEN_SECONDS = 60  # how exactly the last use is recorded
SIGN_IN_MINUTES = 10
MAX_SESSIONS = 50  # of a user; the oldest ones end
ALIVE = f"""
s.seen_at > now() - interval '{IDLE_HOURS} hours'
and s.created_at > now() - interval '{ABSOLUTE_DAYS} days'
"""


class Session(msgspec.Struct, frozen=True):
    """A session of a signed-in user."""

    public_id: str
    clerk_id: str
    form_token: str
    name: str
    stale: bool  # whether the last use must be recorded again
    unread: int  # notifications, which every page counts in its header


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its user sees it."""

    public_id: str
    user_agent: str
    created_at: datetime
    seen_at: datetime


FIND = f"""
select s.public_id, u.clerk_id, s.form_token,
    coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.username, u.email, u.clerk_id)
        as name,
    s.seen_at < now() - interval '{SEEN_SECONDS} seconds' as stale,
    (select count(*) from notifications n
        where n.user_id = s.user_id and n.read_at is null and {SHOWN}) as unread,
    {actor_columns("s.public_id", "null")}
from web_sessions s join users u on u.id = s.user_id
where s.id_hash = $1 and {ALIVE}
"""


async def find(db: Database, id_hash: bytes) -> tuple[Session, asyncpg.Record] | None:
    """Return a session, and its account's row for `identity.callers.actors`."""
    row = await db.fetchrow(FIND, id_hash)
    return (Session(*(row[name] for name in Session.__struct_fields__)), row) if row else None


async def record_use(db: Database, id_hash: bytes) -> None:
    await db.execute("update web_sessions set seen_at = now() where id_hash = $1", id_hash)


async def insert(
    tx: Database, id_hash: bytes, public_id: str, user_id: str, form_token: str, user_agent: str
) -> None:
    await tx.execute(
        """
        insert into web_sessions (id_hash, public_id, user_id, form_token, user_agent)
        values ($1, $2, $3, $4, $5)
        """,
        id_hash,
        public_id,
        user_id,
        form_token,
        user_agent,
    )
    await tx.execute(
        """
        delete from web_sessions where user_id = $1 and id_hash in (
            select id_hash from web_sessions where user_id = $1
            order by created_at desc offset $2
        )
        """,
        user_id,
        MAX_SESSIONS,
    )


async def delete(db: Database, id_hash: bytes) -> None:
    await db.execute("delete from web_sessions where id_hash = $1", id_hash)


async def delete_own(db: Database, user_id: str, public_id: str) -> None:
    await db.execute(
        "delete from web_sessions where user_id = $1 and public_id = $2", user_id, public_id
    )


async def list_own(db: Database, user_id: str) -> list[OwnSession]:
    rows = await db.fetch(
        f"""
        select s.public_id, s.user_agent, s.created_at, s.seen_at from web_sessions s
        where s.user_id = $1 and {ALIVE} order by s.seen_at desc
        """,
        user_id,
    )
    return [OwnSession(**row) for row in rows]


async def delete_expired(db: Database) -> None:
    """Delete sessions and sign-ins that can no longer be used."""
    await db.execute(f"delete from web_sessions s where not ({ALIVE})")
    await db.execute(
        "delete from web_sign_ins where created_at < now() - make_interval(mins => $1)",
        SIGN_IN_MINUTES,
    )


async def insert_sign_in(
    db: Database, state_hash: bytes, nonce: str, verifier: str, return_path: str
) -> None:
    await db.execute(
        """
        insert into web_sign_ins (state_hash, nonce, verifier, return_path)
        values ($1, $2, $3, $4)
        """,
        state_hash,
        nonce,
        verifier,
        return_path,
    )


class SignIn(msgspec.Struct, frozen=True):
    nonce: str
    verifier: str
    return_path: str


async def take_sign_in(db: Database, state_hash: bytes) -> SignIn | None:
    """Return a sign-in once; a second use of the same `state` finds nothing."""
    row = await db.fetchrow(
        """
        delete from web_sign_ins
        where state_hash = $1 and created_at > now() - make_interval(mins => $2)
        returning nonce, verifier, return_path
        """,
        state_hash,
        SIGN_IN_MINUTES,
    )
    return SignIn(*row) if row else None


async def signing_key(db: Database) -> tuple[str, str] | None:
    """Return id and PEM of the newest signing key."""
    row = await db.fetchrow(
        "select id, private_key from web_keys order by created_at desc, id limit 1"
    )
    return (row["id"], row["private_key"]) if row else None


async def find_key(db: Database, key_id: str) -> str | None:
    found: str | None = await db.fetchval("select private_key from web_keys where id = $1", key_id)
    return found


async def insert_key(db: Database, key_id: str, pem: str) -> None:
    """Store the first key; another worker may have stored one already."""
    await db.execute(
        """
        insert into web_keys (id, private_key) select $1, $2
        where not exists (select from web_keys)
        """,
        key_id,
        pem,
    )
