"""Request and response types of files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from akako.kernel.core import fields


class Video(msgspec.Struct, rename="camel"):
    """The video of a topic. `version` grows by one with every replacement; `size` is in bytes."""

    topic_id: str
    video_url: str
    mime_type: str
    size: int
    sha256: str
    version: int
    updated_at: datetime


class VideoDeleted(msgspec.Struct, rename="camel"):
    topic_id: str
    deleted: bool


class DocumentDeleted(msgspec.Struct, rename="camel"):
    id: str
    topic_id: str
    deleted: bool


class DocumentMetadata(msgspec.Struct, rename="camel", kw_only=True):
    """The optional `metadata` part of the document form. Unknown keys are ignored."""

    name: Annotated[str, fields.line(1, 200)] | None = None
    description: Annotated[str, fields.text(1000)] | None = None


# An id with an invalid shape is treated like an unknown id.
AnyId = Annotated[str, fields.line(1, 1000)]


class StreamQuery(msgspec.Struct, rename="camel", kw_only=True):
    """The document to stream. `topicId`, if sent, must be its topic."""

    document_id: AnyId | None = None
    id: AnyId | None = None
    topic_id: AnyId | None = None
    disposition: Annotated[str, fields.line(1, 16)] | None = None


class PlaybackQuery(msgspec.Struct, rename="camel", kw_only=True):
    """How a browser handles the file: `inline` or `attachment` (default)."""

    disposition: Annotated[str, fields.line(1, 16)] | None = None
