"""Request and response types of resumable uploads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from akako.education.schemas import Document
from akako.kernel.core import fields
from akako.library.media import Name
from akako.library.schemas import Video

Kind = Name


class Plan(msgspec.Struct, rename="camel", kw_only=True):
    """The description of a file in `Upload-Metadata`. Unknown keys are ignored.

    `name` and `description` apply to documents, as in the upload form.
    """

    kind: Annotated[Kind, fields.one_of(Kind)]
    topic_id: fields.Id
    filename: Annotated[str, fields.line(1, 1000)]
    filetype: Annotated[str, fields.line(0, 200)] | None = None
    name: Annotated[str, fields.line(1, 200)] | None = None
    description: Annotated[str, fields.text(1000)] | None = None


class Result(msgspec.Struct, frozen=True):
    """The document or video that an upload created; a video has the id of its topic."""

    kind: Kind
    id: str
    url: str


class Upload(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The progress of an upload. `offset` and `length` are in bytes.

    A finished upload has a `result`, and its `document` or `video` unless that was deleted.
    """

    id: str
    kind: Kind
    topic_id: str
    file_name: str
    offset: int
    length: int
    expires_at: datetime
    result: Result | None
    document: Document | msgspec.UnsetType = msgspec.UNSET
    video: Video | msgspec.UnsetType = msgspec.UNSET
