"""Private notes about topics, and the replies of mentors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import PageQuery
from akako_lms._session import Page
from akako_lms._wire import Model, given, segment

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, kw_only=True)
class NoteReply(Model):
    """The reply of a mentor. A deleted mentor has no name."""

    content: str
    mentor_id: str
    mentor_name: str | None
    replied_at: datetime


@dataclass(frozen=True, kw_only=True)
class Note(Model):
    """A note that only its author can read, unless it is shared with the mentor."""

    id: str
    topic_id: str
    topic_name: str
    subject_id: str
    content: str
    shared_with_mentor: bool
    reply: NoteReply | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class NoteAuthor(Model):
    id: str
    first_name: str | None
    last_name: str | None


@dataclass(frozen=True, kw_only=True)
class SharedNote(Note):
    learner: NoteAuthor


@dataclass(frozen=True, kw_only=True)
class NoteDeleted(Model):
    id: str
    topic_id: str
    deleted: bool


class NoteQuery(PageQuery, total=False):
    search: str
    subject_id: str
    shared_with_mentor: bool


class SharedNoteQuery(PageQuery, total=False):
    search: str
    subject_id: str
    unanswered: bool


class Notes(Area[D]):
    """The caller's own notes, and those that learners shared with a mentor."""

    @operation
    async def get(self, topic_id: str) -> Note:
        """Get the caller's note about a topic."""
        return await self._session.one(Note, "GET", f"/notes/topics/{segment(topic_id)}")

    @operation
    async def put(
        self,
        topic_id: str,
        content: str,
        *,
        shared_with_mentor: bool | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Note:
        """Write the caller's note about a topic. `if_none_match="*"` only creates it."""
        return await self._session.one(
            Note,
            "PUT",
            f"/notes/topics/{segment(topic_id)}",
            body=given(content=content, shared_with_mentor=shared_with_mentor),
            if_match=if_match,
            if_none_match=if_none_match,
        )

    @operation
    async def delete(self, topic_id: str, *, if_match: str | None = None) -> NoteDeleted:
        """Delete the caller's note about a topic."""
        path = f"/notes/topics/{segment(topic_id)}"
        return await self._session.one(NoteDeleted, "DELETE", path, if_match=if_match)

    @operation
    async def get_notes(self, **query: Unpack[NoteQuery]) -> Page[Note]:
        """List the caller's notes."""
        return await self._session.page(Note, "/notes", query, NoteQuery)

    @operation
    async def get_shared_notes(self, **query: Unpack[SharedNoteQuery]) -> Page[SharedNote]:
        """List the notes that learners shared with the caller."""
        return await self._session.page(SharedNote, "/mentor/notes", query, SharedNoteQuery)

    iter_notes = iteration(get_notes)
    iter_shared_notes = iteration(get_shared_notes)

    @operation
    async def reply(self, note_id: str, content: str) -> SharedNote:
        """Reply to a shared note, or change the reply."""
        path = f"/mentor/notes/{segment(note_id)}/reply"
        return await self._session.one(SharedNote, "PUT", path, body={"content": content})

    @operation
    async def delete_reply(self, note_id: str) -> SharedNote:
        """Remove the reply to a shared note."""
        path = f"/mentor/notes/{segment(note_id)}/reply"
        return await self._session.one(SharedNote, "DELETE", path)
