"""The two media that a topic can have: how forms name them, what they may be, how large."""

from __future__ import annotations

from typing import Literal

import msgspec

from akako.kernel.files.kinds import DOCUMENTS, VIDEOS, Kind
from akako.kernel.http.call import Outside

Name = Literal["document", "video"]


class Medium(msgspec.Struct, frozen=True, kw_only=True):
    """What forms and resumable uploads share about documents, and about videos."""

    field: str  # of a form, in which the file must be
    kinds: tuple[Kind, ...]
    folder: str  # of the store
    setting: str

    def limit(self, outside: Outside) -> int:
        """Return the most bytes that a file may have."""
        return int(getattr(outside, self.setting))


DOCUMENT = Medium(field="file", kinds=DOCUMENTS, folder="documents", setting="max_document_bytes")
VIDEO = Medium(field="video", kinds=VIDEOS, folder="videos", setting="max_video_bytes")
MEDIUMS: dict[Name, Medium] = {"document": DOCUMENT, "video": VIDEO}
