"""Merge an update into the stored progress, in one statement that concurrent devices cannot race.

Times and ranges are in tenths of a second. The result does not depend on the order of updates.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import asyncpg
import msgspec

from akako.authority.queries import confirmed
from akako.kernel.core.access import LEARNER, Actor
from akako.kernel.db.database import Database
from akako.kernel.db.pages import Where
from akako.learning.progress_rows import DOCUMENTS, MATERIAL, PROGRESS
from akako.learning.schemas import MAX_STORED_RANGES
from akako.visibility.tree import TOPIC, readable

Tenths = int


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """An update in stored units. None: not part of the update."""

    position: Tenths | None = None
    duration: Tenths | None = None
    watched: tuple[tuple[Tenths, Tenths], ...] = ()
    opened: tuple[str, ...] = ()
    marked_done: bool | None = None
    recorded_at: datetime


def _latest(column: str, at: str) -> str:
    """Return the SQL of the value that wins: the later one, and of equal times the larger one."""
    wins = f"(excluded.{at}, excluded.{column}) > (p.{at}, p.{column})"
    # Null where one of the two has no such value.
    wins = f"coalesce({wins}, excluded.{at} is not null)"
    return f"case when {wins} then excluded.{column} else p.{column} end"


MERGED = {
    "position_tenths": _latest("position_tenths", "position_at"),
    "duration_tenths": _latest("duration_tenths", "duration_at"),
    "marked_done": _latest("marked_done", "marked_at"),
    "watched": "p.watched + excluded.watched",
    "documents_opened": """
        case when excluded.documents_opened <@ p.documents_opened then p.documents_opened
        else array(select id from unnest(p.documents_opened || excluded.documents_opened) id
            group by id order by id collate "C") end
    """,
}
TIMES = ("position_at", "duration_at", "marked_at", "recorded_at")
BEFORE = ", ".join(f"p.{column}" for column in MERGED)
AFTER = ", ".join(MERGED.values())
CHANGED = f"({AFTER}) is distinct from ({BEFORE})"
SETS = ", ".join(
    [
        *(f"{column} = {value}" for column, value in MERGED.items()),
        *(f"{at} = greatest(p.{at}, excluded.{at})" for at in TIMES),
        f"updated_at = case when {CHANGED} then now() else p.updated_at end",
        f"active_on = case when {CHANGED} then (now() at time zone 'utc')::date "
        "else p.active_on end",
    ]
)
# Below this size the stored ranges are too few to count them in each update.
FEW_BYTES = 2_048
PARTS = "(select count(*) from unnest({}) part)"
# Every update reads all ranges, so their number is bounded. An update that closes gaps still fits.
FITS = f"""
pg_column_size(p.watched) < {FEW_BYTES} or excluded.watched <@ p.watched
or {PARTS.format("p.watched + excluded.watched")}
   <= greatest({MAX_STORED_RANGES}, {PARTS.format("p.watched")})
"""


def _statement(confirm: str) -> str:
    """Return the SQL, with $1 to $8: user, topic, position, duration, watched, opened, mark, time.

    It returns nothing for an unknown topic. It changes nothing if the topic is not readable with an
    approved enrollment or has not all of the opened documents, or if more than MAX_STORED_RANGES
    separate ranges would be stored.
    """
    where = Where()
    enrolled = readable(where, Actor(user_id="", clerk_id="", roles=(LEARNER,)))
    assert where.values == [""]  # the user is $1
    return f"""
    with topic as (
        select t.id as topic_id, t.subject_id, t.video_key is not null as has_video,
               {DOCUMENTS} as documents, {MATERIAL} as material, {enrolled} as enrolled
        from {TOPIC.source} where t.id = $2 and {TOPIC.present}
    ), merged as (
        insert into topic_progress as p (
            user_id, topic_id, position_tenths, position_at, duration_tenths, duration_at, watched,
            documents_opened, marked_done, marked_at, recorded_at)
        select $1, topic_id, coalesce($3::int, 0), case when $3::int is not null then at end,
               $4::int, case when $4::int is not null then at end, $5::int4multirange,
               $6::text[], coalesce($7::boolean, false),
               case when $7::boolean is not null then at end, at
        from topic, (select $8::timestamptz as at) given
        where enrolled and $6::text[] <@ documents
        on conflict (user_id, topic_id) do update set {SETS} where {FITS}
        returning {PROGRESS}, p.finished, p.first_completed_at
    )
    select *{confirm} from topic left join merged on true
    """


STATEMENT = _statement("")
CONFIRMED = _statement(f", {confirmed('$1', '$9', '$10', '$11')}")


async def merge(tx: Database, user_id: str, topic_id: str, update: Update) -> asyncpg.Record | None:
    """Merge an update; return the topic and the progress, or None for an unknown topic.

    `updated_at` is null in the row if nothing was merged: the user is not `enrolled`, opened
    documents are missing in `documents`, or there are too many ranges.
    """
    return await tx.fetchrow(STATEMENT, *_values(user_id, topic_id, update))


async def merge_confirmed(
    db: Database, actor: Actor, topic_id: str, update: Update
) -> asyncpg.Record | None:
    """Do the same without a transaction around it; None also if the actor's authority has changed.

    Nothing is merged in that case.
    """
    values = _values(actor.user_id, topic_id, update)
    authority = (actor.session_id, actor.organization_id, list(actor.roles))
    try:
        return await db.fetchrow(CONFIRMED, *values, *authority)
    except asyncpg.InsufficientPrivilegeError:
        return None


def _values(user_id: str, topic_id: str, update: Update) -> tuple[object, ...]:
    ranges = [asyncpg.Range(start, end) for start, end in update.watched if start < end]
    return (
        user_id,
        topic_id,
        update.position,
        update.duration,
        ranges,
        sorted(set(update.opened)),
        update.marked_done,
        update.recorded_at,
    )


async def set_completion(
    tx: Database, user_id: str, topic_id: str, *, finished: bool, completed: bool
) -> asyncpg.Record:
    """Store the result of the completion rule; return `completed_at` and `updated_at`."""
    row = await tx.fetchrow(
        """
        update topic_progress set finished = $3,
            completed_at = case when $4 then coalesce(completed_at, now()) end,
            first_completed_at = coalesce(first_completed_at, case when $4 then now() end),
            updated_at = now(), active_on = (now() at time zone 'utc')::date
        where user_id = $1 and topic_id = $2 returning completed_at, updated_at
        """,
        user_id,
        topic_id,
        finished,
        completed,
    )
    assert row is not None
    return row


def missing(documents: Collection[str], opened: Collection[str]) -> set[str]:
    """Return the opened documents that the topic does not have."""
    return set(opened) - set(documents)
