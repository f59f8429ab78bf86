"""The two media of a topic: form field, accepted types, folder and size limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from akako.filetypes.kinds import DOCUMENTS, VIDEOS, Kind
from akako.kernel.core.ports import ObjectStore
from akako.kernel.files.space import RESERVE, Reserve
from akako.kernel.http.context import Context
from akako.library.file_proxy import FileProxy

Name = Literal["document", "video"]


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What uploads and downloads need. Sizes are in bytes."""

    store: ObjectStore
    file_proxy: FileProxy | None = None  # None: this process sends the files
    max_bytes: Mapping[str, int]  # of one file, by the folder of its medium
    max_upload_seconds: int = 3600  # of one request with a file
    reserve: Reserve = RESERVE


class Medium(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of documents, or of videos, for forms and resumable uploads."""

    field: str  # form field of the file
    kinds: tuple[Kind, ...]
    folder: str  # of the store

    def limit(self, ctx: Context) -> int:
        """Return the maximum size of a file in bytes."""
        return ctx.get(Files).max_bytes[self.folder]


DOCUMENT = Medium(field="file", kinds=DOCUMENTS, folder="documents")
VIDEO = Medium(field="video", kinds=VIDEOS, folder="videos")
MEDIUMS: dict[Name, Medium] = {"document": DOCUMENT, "video": VIDEO}
