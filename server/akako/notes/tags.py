"""Entity tags of notes, whose reply and names others change while the author writes."""

from __future__ import annotations

import re

from akako.kernel.core import etags
from akako.kernel.core.errors import PreconditionFailed
from akako.notes.schemas import Note

_WHOLE = re.compile(r'\.[0-9a-f]{32}"')


def of(note: Note) -> str:
    """Return the tag of what the author writes, a dot, and the tag of all fields.

    `If-None-Match` compares all of it, and `If-Match` what the author writes only: otherwise a
    reply, or a new name of the topic, would be a conflict with the text that the author changes.
    """
    return f"{_of_written(note)[:-1]}.{etags.of(note)[1:]}"


def require(note: Note | None, if_match: str | None, if_none_match: str | None = None) -> None:
    """Raise PreconditionFailed unless the conditions of a request hold for the author's note."""
    tag, written = (of(note), _of_written(note)) if note else (None, None)
    if if_match is not None and not etags.if_match(_WHOLE.sub('"', if_match), written):
        raise PreconditionFailed(tag)
    if if_none_match is not None and etags.if_none_match(if_none_match, tag):
        raise PreconditionFailed(tag)


def _of_written(note: Note) -> str:
    return etags.of([note.content, note.shared_with_mentor])
