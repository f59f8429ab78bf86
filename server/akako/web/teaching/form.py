"""Receive the composer's form: texts and several files, each stored as it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from akako.filetypes.kinds import VIDEOS
from akako.filetypes.names import display_name, extension
from akako.kernel.core.errors import (
    ApiError,
    Conflict,
    Forbidden,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    StorageFull,
    Unauthorized,
)
from akako.kernel.http.body import declared_length
from akako.kernel.http.context import Context
from akako.library import service as library
from akako.library.media import DOCUMENT, VIDEO, Files, Medium
from akako.library.schemas import DocumentMetadata
from akako.storage.intake import Intake, StoredFile, give_up, patient
from akako.storage.multipart import FORM, FilePart, FormLimits, TextPart, read_form
from akako.web import guard, site
from akako.web.pages.media import context_of
from akako.web.site import Visit

MAX_FILES = 20
MAX_TEXTS = 10
FILES = "files"
VIDEO_ENDINGS = sorted(ending for kind in VIDEOS for ending in kind.extensions)
# Errors that concern the whole request, not one file of it.
FATAL = (Forbidden, NotFound, RequestTimeout, StorageFull, Unauthorized)


class Refused(msgspec.Struct, frozen=True):
    """A file that was not stored, and why."""

    name: str
    problem: ApiError


class Incoming(msgspec.Struct, frozen=True):
    """A file that is stored but belongs to no topic yet."""

    medium: Medium
    file: StoredFile


class Composition(msgspec.Struct):
    """What a mentor sent: texts by field, and files."""

    texts: dict[str, str] = {}
    files: list[Incoming] = []
    refused: list[Refused] = []

    def value(self, name: str) -> str:
        """Return a text with the line ends of this server."""
        return self.texts.get(name, "").replace("\r\n", "\n")

    @property
    def publishes(self) -> bool:
        return self.texts.get("save") == "publish"


def medium_of(file_name: str) -> Medium:
    """Return the medium of a file by its extension: a video, or else a document."""
    return VIDEO if extension(file_name) in VIDEO_ENDINGS else DOCUMENT


async def receive(visit: Visit) -> Composition:
    """Read the form of the composer. Files are stored only after the form token was checked.

    Raises:
        Forbidden: The form token is not the one of the session.
        PayloadTooLarge: The form is longer than all its files may be.
        BadRequest: The form cannot be read.
    """
    content_type = visit.request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != FORM:
        await site.read_form(visit, guarded=True)
        fields = (visit.form or {}).items()
        return Composition({name: text for name, text in fields if isinstance(text, str)})
    context = context_of(visit)
    made = Composition()
    async with discarding(visit, made):
        await _read(visit, context, made)
        guard.require_token(made.texts.get(guard.FORM_TOKEN), visit.visitor.form_token)
    return made


async def _read(visit: Visit, context: Context, made: Composition) -> None:
    files = context.get(Files)
    largest = VIDEO.limit(context) + MAX_FILES * DOCUMENT.limit(context)
    if (declared_length(context) or 0) > largest:
        raise PayloadTooLarge(VIDEO.limit(context))
    # Each file has the limit of its medium. The rest of a longer one is read and dropped, because
    # browsers show the response only after they have sent the whole form.
    limits = FormLimits(largest, site.MAX_FORM_BYTES, MAX_FILES + MAX_TEXTS)
    chunks = patient(context.chunks(), total_seconds=files.max_upload_seconds)
    async for part in read_form(context.header("content-type"), chunks, limits):
        if isinstance(part, TextPart):
            made.texts.setdefault(part.name, part.value)
        elif part.filename:
            guard.require_token(made.texts.get(guard.FORM_TOKEN), visit.visitor.form_token)
            await _take(visit, context, made, part)


async def _take(visit: Visit, context: Context, made: Composition, part: FilePart) -> None:
    """Store a file of the form, or record why it was refused."""
    name = display_name(part.filename) or part.filename
    medium = medium_of(name)
    files = context.get(Files)
    try:
        if medium is VIDEO and any(each.medium is VIDEO for each in made.files):
            raise Conflict("topic", "video", 1, "A topic has one video.")
        await library.check_upload(visit.site.db, visit.actor)
        limit = medium.limit(context)
        intake = Intake(visit.db, files.store, visit.actor.subject, medium.folder, files.reserve)
        limited = msgspec.structs.replace(part, name=FILES, chunks=_limited(part, limit))
        made.files.append(Incoming(medium, await intake.take(limited, medium.kinds)))
    except FATAL:
        raise
    except ApiError as problem:
        made.refused.append(Refused(name, problem))


async def _limited(part: FilePart, limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in part.chunks:
        size += len(chunk)
        if size > limit:
            raise PayloadTooLarge(limit)
        yield chunk


async def adopt(visit: Visit, topic_id: str, made: Composition) -> None:
    """Add the files to the topic. A file that the topic does not take is removed and recorded."""
    for each in made.files:
        try:
            if each.medium is VIDEO:
                await library.put_video(visit.db, visit.actor, topic_id, each.file, if_match=None)
            else:
                named = DocumentMetadata()
                await library.add_document(
                    visit.db, visit.actor, topic_id, each.file, metadata=named
                )
        except FATAL:
            raise
        except ApiError as problem:
            made.refused.append(Refused(each.file.file_name, problem))
            await _give_up(visit, each.file)


@asynccontextmanager
async def discarding(visit: Visit, made: Composition) -> AsyncIterator[None]:
    """Remove the files of the form if an error ends the block."""
    try:
        yield
    except BaseException:
        await discard(visit, made)
        raise


async def discard(visit: Visit, made: Composition) -> None:
    """Remove files that belong to no topic. A file that a topic has adopted stays."""
    for each in made.files:
        await _give_up(visit, each.file)


async def _give_up(visit: Visit, file: StoredFile) -> None:
    await give_up(visit.site.db, context_of(visit).get(Files).store, file.key)
