"""Request and response types of the names of documents and videos."""

from __future__ import annotations

from typing import Annotated

import msgspec

from akako.kernel.core import fields


class DocumentUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """Missing fields stay; null clears the description."""

    name: Annotated[str, fields.line(1, 200)] | msgspec.UnsetType = msgspec.UNSET
    description: Annotated[str, fields.text(1000)] | msgspec.UnsetType | None = msgspec.UNSET


class VideoRename(msgspec.Struct, rename="camel", kw_only=True):
    file_name: Annotated[str, fields.line(1, 200)]


class VideoName(msgspec.Struct, rename="camel"):
    """The name under which the video of a topic is shown to its mentor and downloaded."""

    topic_id: str
    file_name: str
