"""Endpoints of notes."""

from __future__ import annotations

from akako.kernel.core.access import MENTOR, ROLES, SIGNED_IN, requires
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, delete, get, put
from akako.notes import queries, service, tags
from akako.notes.schemas import (
    NOTE_BYTES,
    REPLY_BYTES,
    Note,
    NoteDeleted,
    NoteWrite,
    ReplyWrite,
    SharedNote,
)

TAG = Tag("Notes", "Private notes about topics, and the replies of mentors.")
NOTE = "/notes/topics/{topic_id}"
REPLY = "/mentor/notes/{note_id}/reply"


@get(NOTE, access=requires(*ROLES), resource="note", errors=(403,))
async def get_note(ctx: Context, topic_id: str) -> Ok[Note]:
    """Get the caller's own note about a topic."""
    note = await service.get_note(ctx.db, ctx.actor, topic_id)
    return Ok(data=note, headers={"ETag": tags.of(note)})


@put(
    NOTE,
    access=requires(*ROLES),
    resource="topic",
    errors=(403, 412),
    returns=Note,
    status=(200, 201),
    body_limit=NOTE_BYTES,
    example={"content": "Carry the one.", "sharedWithMentor": True},
)
async def put_note(ctx: Context, topic_id: str, data: NoteWrite) -> Ok[Note] | Created[Note]:
    """Write the caller's own note about a topic.

    A person has one note per topic. `If-None-Match: *` only creates it, `If-Match` only changes it.
    """
    note, created = await service.put_note(
        ctx.db,
        ctx.actor,
        topic_id,
        write=data,
        if_match=ctx.header("if-match"),
        if_none_match=ctx.header("if-none-match"),
    )
    tag = {"ETag": tags.of(note)}
    if created:
        location, message = f"/api/notes/topics/{topic_id}", "Note created successfully"
        return Created(data=note, location=location, message=message, headers=tag)
    return Ok(data=note, message="Note updated successfully", headers=tag)


@delete(NOTE, access=requires(*ROLES), resource="note", errors=(403, 412), replays=True)
async def delete_note(ctx: Context, topic_id: str) -> Ok[NoteDeleted]:
    """Delete the caller's own note about a topic."""
    condition = ctx.header("if-match")
    note = await service.delete_note(ctx.db, ctx.actor, topic_id, if_match=condition)
    deleted = NoteDeleted(id=note.id, topic_id=note.topic_id)
    return Ok(data=deleted, message="Note deleted successfully")


@get("/notes", access=SIGNED_IN, listing=queries.OWN)
async def list_my_notes(ctx: Context, request: listing.Request) -> Listed[Note]:
    """List the caller's own notes.

    `search` applies to content and topic name. Notes about topics that the caller can no longer
    read are included.
    """
    return await queries.list_own(ctx.db, ctx.actor.user_id, request)


@get("/mentor/notes", access=requires(MENTOR), listing=queries.SHARED)
async def list_shared_notes(ctx: Context, request: listing.Request) -> Listed[SharedNote]:
    """List the notes that learners shared with the caller.

    The default order begins with the unanswered note that was shared first.
    """
    return await queries.list_shared(ctx.db, ctx.actor.user_id, request)


@put(
    REPLY,
    access=requires(MENTOR),
    resource="note",
    body_limit=REPLY_BYTES,
    example={"content": "Right, and then add."},
)
async def reply_to_note(ctx: Context, note_id: str, data: ReplyWrite) -> Ok[SharedNote]:
    """Reply to a note that a learner shared with the caller, or change the reply."""
    note = await service.reply(ctx.db, ctx.actor, note_id, content=data.content)
    return Ok(data=note, message="Reply saved successfully")


@delete(REPLY, access=requires(MENTOR), resource="note", replays=True)
async def delete_reply(ctx: Context, note_id: str) -> Ok[SharedNote]:
    """Remove the reply to a shared note."""
    note = await service.delete_reply(ctx.db, ctx.actor, note_id)
    return Ok(data=note, message="Reply deleted successfully")
