"""The sample files, and one file's inspection from its first byte to the last."""

from __future__ import annotations

import io
from pathlib import Path

from akako.filetypes.kinds import DOCUMENTS, VIDEOS, Inspector, Kind
from akako.kernel.core.errors import UnsupportedMediaType

FIXTURES = Path(__file__).parents[1] / "fixtures"
OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
DOCUMENT_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": f"{OPEN_XML}wordprocessingml.document",
    "xlsx": f"{OPEN_XML}spreadsheetml.sheet",
    "pptx": f"{OPEN_XML}presentationml.presentation",
    "odt": f"{OPEN_DOCUMENT}text",
    "ods": f"{OPEN_DOCUMENT}spreadsheet",
    "odp": f"{OPEN_DOCUMENT}presentation",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "vtt": "text/vtt",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
VIDEO_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "ogg": "video/ogg",
    "avi": "video/x-msvideo",
}
ALL_TYPES = DOCUMENT_TYPES | VIDEO_TYPES


def sample(ending: str) -> bytes:
    return (FIXTURES / f"sample.{ending}").read_bytes()


def kind_of(name: str, content: bytes, declared: str | None = None, step: int = 1000) -> Kind:
    allowed = VIDEOS if name.rpartition(".")[2] in {*VIDEO_TYPES, "ogv"} else DOCUMENTS
    inspector = Inspector(allowed, name, declared)
    for start in range(0, len(content), step):
        inspector.feed(content[start : start + step])
    return inspector.finish(None if allowed is VIDEOS else io.BytesIO(content))


def is_refused(name: str, content: bytes, declared: str | None = None) -> bool:
    try:
        kind_of(name, content, declared)
    except UnsupportedMediaType:
        return True
    return False
