"""Request and response types of notes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from akako.kernel.core import fields

Content = Annotated[str, fields.document(20_000, minimum=1, examples=["Carry the one."])]
ReplyText = Annotated[str, fields.text(5_000, minimum=1, examples=["Right, and then add."])]
# Enough for the longest texts in any JSON escaping.
NOTE_BYTES = 256 * 1024
REPLY_BYTES = 64 * 1024


class Reply(msgspec.Struct, rename="camel", kw_only=True):
    """The reply of a mentor. A deleted mentor has no name."""

    content: str
    mentor_id: str
    mentor_name: str | None
    replied_at: datetime


class Note(msgspec.Struct, rename="camel", kw_only=True):
    """A private note of the caller about a topic.

    Only its author can read it, and with `sharedWithMentor` the mentor of the subject.
    """

    id: str
    topic_id: str
    topic_name: str
    subject_id: str
    content: str
    shared_with_mentor: bool
    reply: Reply | None
    created_at: datetime
    updated_at: datetime


class NoteAuthor(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    first_name: str | None
    last_name: str | None
    username: str | None


class SharedNote(Note, rename="camel", kw_only=True):
    """A note that a learner shared with the caller, the mentor of the subject."""

    learner: NoteAuthor


class NoteWrite(msgspec.Struct, rename="camel", kw_only=True):
    """A note. Without `sharedWithMentor` the note stays shared, or not; a new one is not shared."""

    content: Content
    shared_with_mentor: bool | UnsetType = UNSET


class ReplyWrite(msgspec.Struct, rename="camel", kw_only=True):
    content: ReplyText


class NoteDeleted(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    topic_id: str
    deleted: bool = True
