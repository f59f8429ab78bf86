"""Endpoints of resumable uploads: the tus protocol, version 1.0.0.

PATCH and DELETE return 204 without a body, as the protocol requires. All other responses, errors
included, have the usual envelope.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from akako.kernel.core.envelope import Created, Ok
from akako.kernel.core.errors import ApiError
from akako.kernel.db.database import Database
from akako.kernel.http import idempotency
from akako.kernel.http.body import has_body
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import delete, get, patch, post
from akako.kernel.http.idempotency.once import once
from akako.kernel.http.limits import MEDIA, UPLOAD
from akako.kernel.http.render import render
from akako.kernel.http.responses import NO_STORE, PROTECTIVE, Response, wire
from akako.library import routes as library_routes
from akako.library.media import MEDIUMS, Files
from akako.library.service import STAFF
from akako.uploads import described, headers, landing, service
from akako.uploads.appending import Checksum, Piece, append
from akako.uploads.queries import StoredUpload
from akako.uploads.schemas import Plan, Upload
from akako.uploads.service import Limits

TAG = library_routes.TAG


class ResumableUploads(msgspec.Struct, frozen=True, kw_only=True):
    """Where unfinished uploads are stored, and how many bytes a user may have there."""

    folder: Path
    max_unfinished_bytes: int | None = None  # None: twice the largest file


CREATE = "/uploads"
ONE = "/uploads/{upload_id}"
BYTES = "application/offset+octet-stream"


def _largest(ctx: Context) -> int:
    return max(medium.limit(ctx) for medium in MEDIUMS.values())


@post(
    CREATE,
    example="<binary_data>",
    access=STAFF,
    bucket=UPLOAD,
    media=BYTES,
    body_optional=True,
    body_limit=_largest,
    response_headers=headers.ALWAYS,
    returns=Upload,
    status=(201,),
    errors=(404, 409, 422, 507),
    headers=described.TO_BEGIN,
    success_headers=described.STATE,
    refusals=described.BEGIN,
    also=(described.DISCOVER,),
    changes_public=True,
)
async def begin_upload(ctx: Context) -> Response:
    """Start a resumable upload of a document or video. The body can be its first piece."""
    headers.require_version(ctx)
    size, metadata = headers.read_length(ctx), ctx.header("upload-metadata") or ""
    plan, checksum = headers.read_plan(metadata), headers.read_checksum(ctx)
    resumable, files = ctx.get(ResumableUploads), ctx.get(Files)
    limits = _limits(ctx, plan)
    # A size above the limit is rejected below, with a more specific error.
    await landing.require_space(resumable.folder, files.reserve, min(size, limits.file))

    async def begin(db: Database) -> Response:
        stored = await service.begin(
            db, ctx.actor, plan=plan, metadata=metadata, size=size, limits=limits
        )
        if has_body(ctx):
            stored = await _with_first_piece(ctx, stored, checksum)
        return render(ctx, _created(stored))

    key = idempotency.read_key(ctx.header("idempotency-key"))
    if key is None or has_body(ctx):
        return await begin(ctx.db)
    return await once(ctx, f"/api{CREATE}", key, [metadata.encode(), b"%d" % size], begin)


def _limits(ctx: Context, plan: Plan) -> Limits:
    unfinished = ctx.get(ResumableUploads).max_unfinished_bytes or 2 * _largest(ctx)
    return Limits(MEDIUMS[plan.kind].limit(ctx), unfinished)


async def _with_first_piece(
    ctx: Context, stored: StoredUpload, checksum: Checksum | None
) -> StoredUpload:
    try:
        return await _appended(ctx, stored.id, _piece(ctx, 0, checksum))
    except ApiError:
        # The client does not receive the address of the upload, so it cannot continue it.
        await service.forget(ctx.db, ctx.get(ResumableUploads).folder, stored.id)
        raise


def _created(stored: StoredUpload) -> Created[Upload]:
    return Created(
        data=service.shown(stored),
        location=f"/api/uploads/{stored.id}",
        message="Upload begun",
        headers=headers.state(stored),
    )


def _piece(ctx: Context, offset: int, checksum: Checksum | None) -> Piece:
    return Piece(offset, ctx.chunks(), checksum, seconds=ctx.get(Files).max_upload_seconds)


async def _appended(ctx: Context, upload_id: str, piece: Piece) -> StoredUpload:
    files = ctx.get(Files)
    stored, quota = await append(
        ctx.db,
        files.store,
        ctx.get(ResumableUploads).folder,
        ctx.actor,
        upload_id,
        piece,
        reserve=files.reserve,
    )
    ctx.response_headers = ctx.response_headers + quota
    return stored


@get(
    ONE,
    access=STAFF,
    bucket=MEDIA,
    metered=False,
    resource="upload",
    response_headers=headers.ALWAYS,
    success_headers=described.STATE | described.GIVEN,
    also=(described.LOCATE,),
)
async def read_upload(ctx: Context, upload_id: str) -> Ok[Upload]:
    """Return the progress of an upload, and its result."""
    if ctx.method == "HEAD":
        headers.require_version(ctx)
    stored = await service.look_up(ctx.db, ctx.actor, ctx.get(ResumableUploads).folder, upload_id)
    found = headers.state(stored) | {"Upload-Metadata": stored.metadata}
    return Ok(data=await service.shown_whole(ctx.db, ctx.actor, stored), headers=found)


@patch(
    ONE,
    example="<binary_data>",
    access=STAFF,
    bucket=MEDIA,
    metered=False,
    resource="upload",
    media=BYTES,
    body_limit=_largest,
    response_headers=headers.ALWAYS,
    status=(204,),
    errors=(409, 422, 507),
    headers=described.TO_APPEND,
    success_headers=described.STATE,
    refusals=described.APPEND,
    changes_public=True,
)
async def append_to_upload(ctx: Context, upload_id: str) -> Response:
    """Append the next piece. The last piece creates the document or video."""
    headers.require_version(ctx)
    piece = _piece(ctx, headers.read_offset(ctx), headers.read_checksum(ctx))
    stored = await _appended(ctx, upload_id, piece)
    return Response(204, b"", [NO_STORE, *PROTECTIVE, *wire(headers.state(stored))])


@delete(
    ONE,
    access=STAFF,
    bucket=MEDIA,
    resource="upload",
    response_headers=headers.ALWAYS,
    status=(204,),
    headers=described.RESUMABLE,
    success_headers=described.RESUMABLE,
    refusals=described.CANCEL,
)
async def cancel_upload(ctx: Context, upload_id: str) -> Response:
    """Cancel an upload. The result of a finished one stays."""
    headers.require_version(ctx)
    await service.cancel(ctx.db, ctx.actor, ctx.get(ResumableUploads).folder, upload_id)
    return Response(204, b"", [NO_STORE, *PROTECTIVE])
