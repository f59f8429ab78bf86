"""The upload forms and their fields."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.kernel.core import validation
from akako.kernel.core.errors import BadRequest, ValidationFailed
from akako.kernel.core.ids import is_id
from akako.kernel.core.validation import json
from akako.kernel.openapi.schemas import BINARY
from akako.library.schemas import DocumentMetadata
from akako.storage.intake import StoredFile

MAX_METADATA_BYTES = 8 * 1024

DOCUMENT_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file", "topicId"],
    "properties": {
        "file": BINARY,
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
    "properties": {"video": BINARY},
}


DOCUMENT_EXAMPLE = {
    "file": "<binary_data>",
    "topicId": "topic_id_here",
    "metadata": '{"name": "document.pdf", "description": "Study material"}',
}


class Received(msgspec.Struct, kw_only=True):
    """A complete form. Its file is stored but does not belong to a row yet."""

    file: StoredFile
    texts: dict[str, str]


def topic_id(texts: dict[str, str]) -> str:
    """Return the `topicId` of a form.

    One pair of quotes around it is accepted, as in the reference.
    """
    value = texts.get("topicId")
    if value is None:
        raise ValidationFailed.of("topicId", "Required")
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not is_id(value):
        raise ValidationFailed.of("topicId", "Must be an id", value)
    return value


def metadata(texts: dict[str, str]) -> DocumentMetadata:
    """Return the `metadata` of a form, a JSON object. Unknown keys are ignored."""
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
