"""SQL about notes."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.core.search_keys import search_key
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Flag, Reference, Sort, Spec
from akako.kernel.db.pages import Where
from akako.notes.schemas import Note, NoteAuthor, Reply, SharedNote
from akako.visibility.tree import TOPIC

SORTS = {"updatedAt": Sort("n.updated_at"), "createdAt": Sort("n.created_at")}
OWN = Spec(
    sorts=SORTS,
    default="updatedAt",
    descending=True,
    filters={"subjectId": Reference(), "sharedWithMentor": Flag()},
    search=True,
    identity="n.id",
)
# Unanswered notes first; of them and of the others the one that was shared first.
WAITING = """
((case when n.replied_at is null then '0' else '1' end)
 || to_char(n.shared_at at time zone 'utc', 'YYYYMMDDHH24MISSUS'))
"""
SHARED = Spec(
    sorts={"waiting": Sort(WAITING, "text"), "sharedAt": Sort("n.shared_at"), **SORTS},
    default="waiting",
    filters={"subjectId": Reference(), "unanswered": Flag()},
    search=True,
    identity="n.id",
)
COLUMNS = """
n.id, n.topic_id, t.name as topic_name, t.subject_id, n.content, n.shared_with_mentor,
n.reply_content, n.reply_mentor_id, n.replied_at, n.created_at, n.updated_at,
coalesce(nullif(concat_ws(' ', m.first_name, m.last_name), ''), m.username) as mentor_name
"""
LEARNER = """
u.id as learner_id, u.first_name as learner_first_name, u.last_name as learner_last_name,
u.username as learner_username
"""
# Every note has a topic. With an outer join the planner can omit it from the count.
MENTOR = "left join users m on m.id = n.reply_mentor_id"
WITH_TOPIC = f"notes n left join topics t on t.id = n.topic_id {MENTOR}"
OF_LEARNERS = (
    f"{TOPIC.source} join notes n on n.topic_id = t.id join users u on u.id = n.user_id {MENTOR}"
)
# A line feed separates the texts, because a search cannot contain one.
SEARCHED = r"(n.search_key || e'\n' || split_part(t.search_key, e'\n', 1))"
PLAIN = ("id", "topic_id", "topic_name", "subject_id", "content", "shared_with_mentor")


def _facts(row: asyncpg.Record) -> dict[str, Any]:
    reply = None
    if row["replied_at"] is not None:
        reply = Reply(
            content=row["reply_content"],
            mentor_id=row["reply_mentor_id"],
            mentor_name=row["mentor_name"],
            replied_at=row["replied_at"],
        )
    times = {name: row[name] for name in ("created_at", "updated_at")}
    return {**{name: row[name] for name in PLAIN}, "reply": reply, **times}


def _note(row: asyncpg.Record) -> Note:
    return Note(**_facts(row))


def _shared(row: asyncpg.Record) -> SharedNote:
    learner = NoteAuthor(
        id=row["learner_id"],
        first_name=row["learner_first_name"],
        last_name=row["learner_last_name"],
        username=row["learner_username"],
    )
    return SharedNote(**_facts(row), learner=learner)


async def list_own(db: Database, user_id: str, request: listing.Request) -> Listed[Note]:
    where = Where()
    where.add("n.user_id = {}", user_id)
    if request["subjectId"]:
        where.add("t.subject_id = {}", request["subjectId"])
    if request["sharedWithMentor"] is not None:
        where.add("n.shared_with_mentor = {}", request["sharedWithMentor"])
    where.search(SEARCHED, request.search)
    return await pages.fetch(
        db, OWN, request, source=WITH_TOPIC, columns=COLUMNS, where=where, build=_note
    )


def _visible_to(mentor_id: str) -> Where:
    """Return the conditions for the notes that are shared with a mentor."""
    where = Where("n.shared_with_mentor", TOPIC.present)
    where.add("s.mentor_id = {}", mentor_id)
    return where


async def list_shared(db: Database, mentor_id: str, request: listing.Request) -> Listed[SharedNote]:
    where = _visible_to(mentor_id)
    if request["subjectId"]:
        where.add("s.id = {}", request["subjectId"])
    if request["unanswered"] is not None:
        where.add("(n.replied_at is null) = {}", request["unanswered"])
    where.search(SEARCHED, request.search)
    return await pages.fetch(
        db,
        SHARED,
        request,
        source=OF_LEARNERS,
        columns=f"{COLUMNS}, {LEARNER}",
        where=where,
        build=_shared,
    )


async def find_own(db: Database, user_id: str, topic_id: str, *, lock: bool = False) -> Note | None:
    """Return the note of a user. `lock` locks it until the end of the transaction."""
    sql = f"select {COLUMNS} from {WITH_TOPIC} where n.user_id = $1 and n.topic_id = $2"
    row = await db.fetchrow(sql + (" for update of n" if lock else ""), user_id, topic_id)
    return _note(row) if row else None


class Written(msgspec.Struct, frozen=True):
    """A written note, and whether the statement created or shared it."""

    note: Note
    created: bool
    newly_shared: bool


async def put(
    tx: Database, user_id: str, topic_id: str, *, content: str, shared: bool | None
) -> Written:
    """Create or change a note. `shared` None keeps the state. An equal note stays as it is."""
    sql = f"""
    with n as (
        insert into notes as n (id, user_id, topic_id, content, search_key, shared_with_mentor,
                                shared_at)
        values ($1, $2, $3, $4, $5, coalesce($6, false), case when $6 then now() end)
        on conflict on constraint notes_author do update set
            content = excluded.content, search_key = excluded.search_key,
            shared_with_mentor = coalesce($6, n.shared_with_mentor),
            shared_at = case when $6 and not n.shared_with_mentor then now() else n.shared_at end,
            updated_at = case when n.content = excluded.content
                and n.shared_with_mentor = coalesce($6, n.shared_with_mentor)
                then n.updated_at else now() end
        returning *, xmax = 0 as created, shared_with_mentor and shared_at = now() as newly_shared
    )
    select {COLUMNS}, n.created, n.newly_shared from n join topics t on t.id = n.topic_id {MENTOR}
    """
    row = await tx.fetchrow(sql, new_id(), user_id, topic_id, content, search_key(content), shared)
    assert row is not None
    return Written(_note(row), row["created"], row["newly_shared"])


async def delete(tx: Database, note_id: str) -> None:
    await tx.execute("delete from notes where id = $1", note_id)


async def find_shared(tx: Database, mentor_id: str, note_id: str) -> SharedNote | None:
    """Return a note that is shared with the mentor, locked until the end of the transaction."""
    where = _visible_to(mentor_id)
    where.add("n.id = {}", note_id)
    sql = f"""
    select {COLUMNS}, {LEARNER} from {OF_LEARNERS} where {where}
    for update of n for key share of s
    """
    row = await tx.fetchrow(sql, *where.values)
    return _shared(row) if row else None


async def set_reply(tx: Database, mentor_id: str, note_id: str, content: str | None) -> None:
    """Set the reply of a note; None removes it. An equal reply stays as it is."""
    sql = """
    update notes set reply_content = $3,
        reply_mentor_id = case when $3::text is not null then $2 end,
        replied_at = case when $3::text is not null then now() end
    where id = $1 and (reply_content, reply_mentor_id) is distinct from
        ($3, case when $3::text is not null then $2 end)
    """
    await tx.execute(sql, note_id, mentor_id, content)


async def hold_mentor(tx: Database, subject_id: str) -> str | None:
    """Return the id of the subject's mentor, who stays until the end of the transaction."""
    sql = "select mentor_id from subjects where id = $1 for share"
    return await tx.fetchval(sql, subject_id)  # type: ignore[no-any-return]


async def export(db: Database, user_id: str) -> dict[str, Any]:
    """Return the user's notes and replies, for the export of personal data."""
    own = f"select {COLUMNS} from {WITH_TOPIC} where n.user_id = $1 order by n.created_at, n.id"
    replies = """
    select n.id as note_id, n.reply_content, n.replied_at from notes n
    where n.reply_mentor_id = $1 order by n.replied_at, n.id
    """
    return {
        "notes": [_note(row) for row in await db.fetch(own, user_id)],
        "noteReplies": [
            {"noteId": row["note_id"], "content": row["reply_content"], "at": row["replied_at"]}
            for row in await db.fetch(replies, user_id)
        ],
    }
