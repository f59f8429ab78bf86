"""SQL about messages received."""

from __future__ import annotations

from akako.kernel.database import Database

KEEP_DAYS = 90


async def note_message(tx: Database, message_id: str) -> bool:
    """Remember the message; return whether it is new. Waits for a parallel delivery to end."""
    new = await tx.fetchval(
        """
        insert into webhook_messages (message_id, outcome) values ($1, 'ignored')
        on conflict do nothing returning true
        """,
        message_id,
    )
    return bool(new)


async def set_outcome(tx: Database, message_id: str, kind: str | None, outcome: str) -> None:
    await tx.execute(
        "update webhook_messages set type = $2, outcome = $3 where message_id = $1",
        message_id,
        kind,
        outcome,
    )


async def bury(tx: Database, message_id: str, kind: str | None, reason: str, body: bytes) -> None:
    """Keep a message that could not be applied, for a person to look at."""
    await tx.execute(
        "insert into webhook_dead_letters (message_id, type, reason, body) values ($1, $2, $3, $4)",
        message_id,
        kind,
        reason,
        body,
    )


async def is_known(tx: Database, clerk_id: str) -> bool:
    """Whether this person has a row already."""
    sql = "select exists (select from users where clerk_id = $1)"
    return bool(await tx.fetchval(sql, clerk_id))


async def end_session(tx: Database, session_id: str) -> None:
    await tx.execute(
        "insert into ended_sessions (session_id) values ($1) on conflict do nothing", session_id
    )


async def forget_old(db: Database) -> None:
    """Drop what has served its time: sessions whose tokens are long expired, old messages."""
    await db.execute("delete from ended_sessions where ended_at < now() - interval '25 hours'")
    await db.execute(
        "delete from webhook_messages where received_at < now() - make_interval(days => $1)",
        KEEP_DAYS,
    )
