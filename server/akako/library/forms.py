"""Reading the forms by which files are sent."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.kernel import json, validation
from akako.kernel.database import Database
from akako.kernel.errors import BadRequest, ValidationFailed
from akako.kernel.files.kinds import Kind
from akako.kernel.files.multipart import FilePart, TextPart, read_form
from akako.kernel.http.call import Call
from akako.kernel.ids import is_id
from akako.library.intake import Intake, give_up, patient
from akako.library.schemas import DocumentMetadata, StoredFile

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


class Received(msgspec.Struct, kw_only=True):
    """A form, read to its end; the file is stored but nobody's yet."""

    file: StoredFile
    texts: dict[str, str]


async def receive(
    call: Call, db: Database, field: str, kinds: tuple[Kind, ...], limit: int, folder: str
) -> Received:
    """Read a form with exactly one file, which must stand in `field`.

    Whatever is raised, nothing stays in the store.
    """
    intake = Intake(db, call.outside.store, call.actor.subject, folder)
    texts: dict[str, str] = {}
    file: StoredFile | None = None
    form = read_form(call.header("content-type"), patient(call.chunks()), max_file_bytes=limit)
    try:
        async for part in form:
            if isinstance(part, TextPart):
                _add_text(texts, part, field)
            else:
                _check_file(part, field, file)
                file = await intake.take(part, kinds)
        if file is None:
            raise ValidationFailed.of(field, "Required")
    except BaseException:
        await form.aclose()
        if file is not None:
            await give_up(db, call.outside.store, file.key)
        raise
    return Received(file=file, texts=texts)


def _add_text(texts: dict[str, str], part: TextPart, field: str) -> None:
    if part.name == field:
        raise ValidationFailed.of(field, "Must be sent as a file")
    if part.name in texts:
        raise ValidationFailed.of(part.name[:64], "Must be given once", part.value)
    texts[part.name] = part.value


def _check_file(part: FilePart, field: str, earlier: StoredFile | None) -> None:
    if part.name != field:
        raise ValidationFailed.of(field, f"The file must be sent as {field}", part.name[:64])
    if earlier is not None:
        raise ValidationFailed.of(field, "Only one file may be sent")


async def discard(call: Call, db: Database, file: StoredFile) -> None:
    """Give a stored file up again."""
    await give_up(db, call.outside.store, file.key)


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
