"""The forms by which files are sent, and their fields."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.kernel.core import json, validation
from akako.kernel.core.errors import BadRequest, ValidationFailed
from akako.kernel.core.ids import is_id
from akako.library.schemas import DocumentMetadata
from akako.storage.intake import StoredFile

MAX_METADATA_BYTES = 8 * 1024

DOCUMENT_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file", "topicId"],
    "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "topicId": {"type": "string", "examples": ["topic_id_here"]},
        "metadata": {
            "type": "string",
            "contentMediaType": "application/json",
            "examples": ['{"name": "document.pdf", "description": "Study material"}'],
        },
    },
}
VIDEO_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["video"],
    "properties": {"video": {"type": "string", "contentMediaType": "application/octet-stream"}},
}


DOCUMENT_EXAMPLE = {
    "file": "<binary_data>",
    "topicId": "topic_id_here",
    "metadata": '{"name": "document.pdf", "description": "Study material"}',
}


class Received(msgspec.Struct, kw_only=True):
    """A form, read to its end; the file is stored but nobody's yet."""

    file: StoredFile
    texts: dict[str, str]


def topic_id(texts: dict[str, str]) -> str:
    """The form's `topicId`; one pair of quotes around it, as in the reference, does no harm."""
    value = texts.get("topicId")
    if value is None:
        raise ValidationFailed.of("topicId", "Required")
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not is_id(value):
        raise ValidationFailed.of("topicId", "Must be an id", value)
    return value


def metadata(texts: dict[str, str]) -> DocumentMetadata:
    """The form's `metadata`: a JSON object of which other keys are ignored."""
    text = texts.get("metadata", "").strip()
    if not text:
        return DocumentMetadata()
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValidationFailed.of("metadata", f"Must be at most {MAX_METADATA_BYTES} bytes")
    try:
        given = json.decode_object(text.encode())
    except BadRequest:
        raise ValidationFailed.of("metadata", "Must be a JSON object", text) from None
    known: dict[str, Any] = {name: given[name] for name in ("name", "description") if name in given}
    return validation.read(DocumentMetadata, known)
