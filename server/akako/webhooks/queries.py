"""SQL about received messages.

A message is recorded in the transaction of its effect. Recording waits for a concurrent delivery of
the same message, and returns false if that one was applied.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from akako.identity.statements import LOCK
from akako.kernel.db.database import Database

RETENTION_DAYS = 90
MAX_DEAD_LETTERS = 1_000
MAX_DEAD_BYTES = 64 * 1024 * 1024
SHOWN = 50  # messages on the page of administrators
NOTE = """
insert into webhook_messages (message_id, type, outcome) {values}
on conflict do nothing returning message_id
"""
NOTE_FOR_PERSON = NOTE.format(values=f"select $1, $2, 'handled' from {LOCK.format('$3')}")
NOTE_IGNORED = NOTE.format(values="values ($1, $2, 'ignored')")
NOTE_SESSION = f"""
with new as ({NOTE.format(values="values ($1, $2, 'handled')")}), ended as (
    insert into ended_sessions (session_id) select $3 from new on conflict do nothing
)
select message_id from new
"""
# Nothing is stored about users who were deleted.
ADD_DEAD_LETTER = f"""
with new as ({NOTE.format(values="values ($1, $2, 'dead')")}), stored as (
    insert into webhook_dead_letters (message_id, type, reason, body)
    select message_id, $2, $3,
        case when exists (select from user_tombstones where clerk_id = $5)
            then ''::bytea else $4 end
    from new
)
select message_id from new
"""


PRUNE_DEAD = """
delete from webhook_dead_letters where id in (
    select id from (
        select id, row_number() over newest as number, sum(octet_length(body)) over newest as bytes
        from webhook_dead_letters window newest as (order by id desc)
    ) ranked where number > $1 or bytes > $2
)
"""
RECENT = f"""
select m.message_id, m.type, m.outcome, m.received_at, d.reason, d.size
from (
    select * from webhook_messages order by received_at desc, message_id limit {SHOWN}
) m left join lateral (
    select d.reason, octet_length(d.body) as size from webhook_dead_letters d
    where m.outcome = 'dead' and d.message_id = m.message_id limit 1
) d on true
order by m.received_at desc, m.message_id
"""
DEAD = f"""
select message_id, type, 'dead' as outcome, received_at, reason, octet_length(body) as size
from webhook_dead_letters order by id desc limit {SHOWN}
"""


async def record_for_person(tx: Database, message_id: str, kind: str, clerk_id: str) -> bool:
    """Record a message about a person, and take the lock for decisions about that person."""
    return await tx.fetchval(NOTE_FOR_PERSON, message_id, kind, clerk_id) is not None


async def record_ignored(db: Database, message_id: str, kind: str) -> bool:
    return await db.fetchval(NOTE_IGNORED, message_id, kind) is not None


async def end_session(db: Database, message_id: str, kind: str, session_id: str) -> bool:
    """Record the message, and reject the last token of the session."""
    return await db.fetchval(NOTE_SESSION, message_id, kind, session_id) is not None


async def add_dead_letter(
    db: Database,
    message_id: str,
    kind: str | None,
    reason: str,
    body: bytes,
    *,
    about: str | None,
) -> bool:
    """Store a message that could not be applied, for an operator to look at.

    `about` is the Clerk id in the message. If that user was deleted, the body is left out.
    """
    return await db.fetchval(ADD_DEAD_LETTER, message_id, kind, reason, body, about) is not None


async def delete_expired(db: Database) -> None:
    """Delete sessions whose tokens are long expired, old messages, and too many dead letters.

    Dead letters hold personal data. After RETENTION_DAYS all users were compared with Clerk many
    times.
    """
    await db.execute("delete from ended_sessions where ended_at < now() - interval '25 hours'")
    for table in ("webhook_messages", "webhook_dead_letters"):
        await db.execute(
            f"delete from {table} where received_at < now() - make_interval(days => $1)",
            RETENTION_DAYS,
        )
    await db.execute(PRUNE_DEAD, MAX_DEAD_LETTERS, MAX_DEAD_BYTES)


class ReceivedMessage(msgspec.Struct, frozen=True):
    """A message of Clerk. `reason` and `size` (bytes) are those of a dead letter."""

    message_id: str
    type: str | None
    outcome: str
    received_at: datetime
    reason: str | None
    size: int | None


async def list_recent(db: Database, *, dead_only: bool) -> list[ReceivedMessage]:
    """Return the latest messages, newest first, or the latest that could not be applied.

    Bodies are left out, because they hold personal data.
    """
    return [ReceivedMessage(**dict(row)) for row in await db.fetch(DEAD if dead_only else RECENT)]
