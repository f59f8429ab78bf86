"""Business rules of notes.

Only the author can read a note that is not shared: it appears in no audit entry, event or log.
"""

from __future__ import annotations

from msgspec import UNSET

from akako.activity import service as activity
from akako.kernel.core.access import LEARNER, Actor
from akako.kernel.core.errors import NotFound, PreconditionFailed
from akako.kernel.db import audit
from akako.kernel.db.database import Database
from akako.notes import queries, tags
from akako.notes.schemas import Note, NoteWrite, SharedNote
from akako.notifications import service as notifications
from akako.visibility.access import find_topic_access, require_read


async def get_note(db: Database, actor: Actor, topic_id: str) -> Note:
    """Return the caller's note about a topic that the caller may read."""
    await _readable(db, actor, topic_id)
    note = await queries.find_own(db, actor.user_id, topic_id)
    if note is None:
        raise NotFound("note", topic_id)
    return note


async def _readable(db: Database, actor: Actor, topic_id: str) -> None:
    access = await find_topic_access(db, actor, topic_id)
    if access is None:
        raise NotFound("topic", topic_id)
    require_read(actor, access)


async def put_note(
    db: Database,
    actor: Actor,
    topic_id: str,
    *,
    write: NoteWrite,
    if_match: str | None,
    if_none_match: str | None,
) -> tuple[Note, bool]:
    """Create or change the caller's note; return it, and whether it is a new one.

    Raises:
        NotFound: The topic is unknown.
        Forbidden: The caller may not read the topic.
        PreconditionFailed: `if_match` or `if_none_match` does not hold.
    """
    shared = None if write.shared_with_mentor is UNSET else write.shared_with_mentor
    async with db.transaction() as tx:
        await _readable(tx, actor, topic_id)
        before = await queries.find_own(tx, actor.user_id, topic_id, lock=True)
        tags.require(before, if_match, if_none_match)
        written = await queries.put(
            tx, actor.user_id, topic_id, content=write.content, shared=shared
        )
        note = written.note
        conditional = if_match is not None or if_none_match is not None
        if conditional and before is None and not written.created:
            raise PreconditionFailed(tags.of(note))  # a concurrent request created it
        if written.newly_shared:
            await _announce(tx, actor, note)
        elif before and before.shared_with_mentor and not note.shared_with_mentor:
            await _withdraw(tx, note)
    if actor.has(LEARNER):
        await activity.record(db, actor.user_id)
    return note, written.created


async def _announce(tx: Database, actor: Actor, note: Note) -> None:
    """Record that a note was shared, and notify the mentor of the subject."""
    await _record(tx, actor, "note.shared", note)
    mentor_id = await queries.hold_mentor(tx, note.subject_id)
    if mentor_id and mentor_id != actor.user_id:
        data = {**_ids(note), "learnerId": actor.user_id}
        await notifications.notify(tx, mentor_id, "note.shared", data, about=note.id)


async def _withdraw(tx: Database, note: Note) -> None:
    """Remove the mentor's notification of a note that is no longer shared."""
    if mentor_id := await queries.hold_mentor(tx, note.subject_id):
        await notifications.withdraw(tx, mentor_id, note.id)


def _ids(note: Note) -> dict[str, str]:
    return {"noteId": note.id, "topicId": note.topic_id, "subjectId": note.subject_id}


async def _record(tx: Database, actor: Actor, action: str, note: Note) -> None:
    """Write the audit entry of an action on a shared note, without its text."""
    after = {"topicId": note.topic_id, "subjectId": note.subject_id}
    await audit.record(tx, actor, action, "note", note.id, after=after)


async def delete_note(db: Database, actor: Actor, topic_id: str, *, if_match: str | None) -> Note:
    """Delete the caller's note, also where the caller can no longer read the topic.

    Raises:
        NotFound: There is no note, or the topic is unknown.
        Forbidden: There is no note, and the caller may not read the topic.
        PreconditionFailed: `if_match` does not hold.
    """
    async with db.transaction() as tx:
        note = await queries.find_own(tx, actor.user_id, topic_id, lock=True)
        if note is None:
            await _readable(tx, actor, topic_id)
            raise NotFound("note", topic_id)
        tags.require(note, if_match)
        await queries.delete(tx, note.id)
        if note.shared_with_mentor:
            await _record(tx, actor, "note.deleted", note)
            await _withdraw(tx, note)
        if note.reply:
            await notifications.withdraw(tx, actor.user_id, note.id)
        return note


async def reply(db: Database, actor: Actor, note_id: str, *, content: str) -> SharedNote:
    """Reply to a note that is shared with the caller, or change the reply."""
    async with db.transaction() as tx:
        before = await _shared_note(tx, actor, note_id)
        await queries.set_reply(tx, actor.user_id, note_id, content)
        after = await _shared_note(tx, actor, note_id)
        if after != before:
            await _record(tx, actor, "note.replied", after)
        if before.reply is None:
            data = {**_ids(after), "mentorId": actor.user_id}
            await notifications.notify(tx, after.learner.id, "note.replied", data, about=note_id)
        return after


async def delete_reply(db: Database, actor: Actor, note_id: str) -> SharedNote:
    """Remove the reply to a shared note. A repeated call changes nothing."""
    async with db.transaction() as tx:
        before = await _shared_note(tx, actor, note_id)
        if before.reply is None:
            return before
        await queries.set_reply(tx, actor.user_id, note_id, None)
        await _record(tx, actor, "note.reply_deleted", before)
        await notifications.withdraw(tx, before.learner.id, note_id)
        return await _shared_note(tx, actor, note_id)


async def _shared_note(tx: Database, actor: Actor, note_id: str) -> SharedNote:
    note = await queries.find_shared(tx, actor.user_id, note_id)
    if note is None:
        raise NotFound("note", note_id)
    return note
