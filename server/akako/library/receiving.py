"""Receive an upload form: either a row refers to the stored file, or nothing is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from akako.kernel.core.errors import IdempotencyKeyReused, UnsupportedMediaType, ValidationFailed
from akako.kernel.db.database import Database
from akako.kernel.http import idempotency
from akako.kernel.http.body import declared_length
from akako.kernel.http.context import Context
from akako.kernel.http.idempotency.once import is_repeated, once
from akako.kernel.http.responses import Response
from akako.library.forms import Received
from akako.library.media import Files, Medium
from akako.storage.intake import Intake, StoredFile, give_up, patient
from akako.storage.multipart import FilePart, FormLimits, TextPart, read_form

Adopt = Callable[[Database, Received], Awaitable[Response]]


async def adopt(
    ctx: Context,
    route: str,
    *,
    admit: Callable[[], Awaitable[None]],
    receiving: Callable[[], Awaitable[Received]],
    work: Adopt,
) -> Response:
    """Receive a form and let `work` adopt its file, once per Idempotency-Key.

    `admit` runs before a byte of the form is read. After any error, a file that was not adopted is
    removed from the store.
    """
    key = idempotency.read_key(ctx.header("idempotency-key"))
    repeated = key is not None and await is_repeated(ctx, route, key)
    if not repeated:
        await admit()
    form = await _reread(receiving) if repeated else await receiving()
    worked = done = False

    async def carry_out(db: Database) -> Response:
        nonlocal worked
        answer = await work(db, form)
        worked = True
        return answer

    try:
        if key is None:
            answer = await carry_out(ctx.db)
        else:
            parts = [repr(sorted(form.texts.items())).encode(), form.file.sha256.encode()]
            answer = await once(ctx, route, key, parts, carry_out)
        done = worked
    finally:
        if not done:
            await give_up(ctx.db, ctx.get(Files).store, form.file.key)
    return answer


async def _reread(receiving: Callable[[], Awaitable[Received]]) -> Received:
    """Read a form whose key has a stored response, only to compare it."""
    try:
        return await receiving()
    except (UnsupportedMediaType, ValidationFailed):
        raise IdempotencyKeyReused from None


async def receive(ctx: Context, medium: Medium) -> Received:
    """Read a form with exactly one file, in the field of its medium.

    Store nothing after an error.
    """
    files, field = ctx.get(Files), medium.field
    await files.store.require_space(declared_length(ctx) or 0)
    intake = Intake(ctx.db, files.store, ctx.actor.subject, medium.folder, files.reserve)
    texts: dict[str, str] = {}
    file: StoredFile | None = None
    chunks = patient(ctx.chunks(), total_seconds=files.max_upload_seconds)
    form = read_form(ctx.header("content-type"), chunks, FormLimits(medium.limit(ctx)))
    try:
        async for part in form:
            if isinstance(part, TextPart):
                _add_text(texts, part, field)
            else:
                _check_file(part, field, file)
                file = await intake.take(part, medium.kinds)
        if file is None:
            raise ValidationFailed.of(field, "Required")
    except BaseException:
        await form.aclose()
        if file is not None:
            await give_up(ctx.db, files.store, file.key)
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
