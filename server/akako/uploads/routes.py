"""The tus protocol, version 1.0.0: uploads that go on where the line broke.

Answers to PATCH and DELETE have the protocol's status 204 and no body, because its clients ask for
it; everything else, refusals included, comes in the usual envelope.
"""

from __future__ import annotations

from akako.kernel.core.envelope import Created, Ok
from akako.kernel.core.errors import ApiError
from akako.kernel.db.database import Database
from akako.kernel.http import idempotency
from akako.kernel.http.body import has_body
from akako.kernel.http.call import Call, Outside
from akako.kernel.http.endpoint import delete, get, patch, post
from akako.kernel.http.limits import MEDIA, UPLOAD
from akako.kernel.http.once import once
from akako.kernel.http.render import render
from akako.kernel.http.reply import NO_STORE, PROTECTIVE, Reply, wire
from akako.library import routes as library_routes
from akako.library.media import MEDIUMS
from akako.library.service import STAFF
from akako.uploads import described, headers, landing, service
from akako.uploads.appending import Checksum, Piece, append
from akako.uploads.queries import Kept
from akako.uploads.schemas import Plan, Upload
from akako.uploads.service import Limits

TAG = library_routes.TAG
CREATE = "/uploads"
ONE = "/uploads/{upload_id}"
BYTES = "application/offset+octet-stream"


@post(
    CREATE,
    example="<binary_data>",
    access=STAFF,
    bucket=UPLOAD,
    media=BYTES,
    body_optional=True,
    body_setting="max_video_bytes",
    answer_headers=headers.ALWAYS,
    returns=Upload,
    status=(201,),
    errors=(404, 409, 422, 507),
    headers=described.TO_BEGIN,
    success_headers=described.STANDING,
    refusals=described.BEGIN,
    also=(described.DISCOVER,),
    changes_public=True,
)
async def begin_upload(call: Call) -> Reply:
    """Begin a resumable upload of a document or video; the body may be its first piece."""
    headers.require_version(call)
    size, told = headers.read_length(call), call.header("upload-metadata") or ""
    plan, checksum = headers.read_plan(told), headers.read_checksum(call)
    outside = call.outside
    limits = _limits(outside, plan)
    # A size above the limit is refused as such, below.
    await landing.require_space(outside.uploads, outside.reserve, min(size, limits.file))

    async def begin(db: Database) -> Reply:
        kept = await service.begin(db, call.actor, plan=plan, told=told, size=size, limits=limits)
        if has_body(call):
            kept = await _with_first_piece(call, kept, checksum)
        return render(call, _created(kept))

    key = idempotency.read_key(call.header("idempotency-key"))
    if key is None or has_body(call):
        return await begin(call.db)
    return await once(call, f"/api{CREATE}", key, [told.encode(), b"%d" % size], begin)


def _limits(outside: Outside, plan: Plan) -> Limits:
    largest = max(medium.limit(outside) for medium in MEDIUMS.values())
    unfinished = outside.max_unfinished_bytes or 2 * largest
    return Limits(MEDIUMS[plan.kind].limit(outside), unfinished)


async def _with_first_piece(call: Call, kept: Kept, checksum: Checksum | None) -> Kept:
    try:
        return await _appended(call, kept.id, _piece(call, 0, checksum))
    except ApiError:
        # The client does not learn the upload's address, so it cannot go on with it.
        await service.forget(call.db, call.outside.uploads, kept.id)
        raise


def _created(kept: Kept) -> Created[Upload]:
    return Created(
        data=service.shown(kept),
        location=f"/api/uploads/{kept.id}",
        message="Upload begun",
        headers=headers.standing(kept),
    )


def _piece(call: Call, offset: int, checksum: Checksum | None) -> Piece:
    return Piece(offset, call.chunks(), checksum, seconds=call.outside.max_upload_seconds)


async def _appended(call: Call, upload_id: str, piece: Piece) -> Kept:
    outside = call.outside
    kept, quota = await append(
        call.db,
        outside.store,
        outside.uploads,
        call.actor,
        upload_id,
        piece,
        reserve=outside.reserve,
    )
    call.reply_headers = call.reply_headers + quota
    return kept


@get(
    ONE,
    access=STAFF,
    bucket=MEDIA,
    metered=False,
    resource="upload",
    answer_headers=headers.ALWAYS,
    success_headers=described.STANDING | described.TOLD,
    also=(described.LOCATE,),
)
async def read_upload(call: Call, upload_id: str) -> Ok[Upload]:
    """How far an upload is, and what it has become."""
    if call.method == "HEAD":
        headers.require_version(call)
    kept = await service.look_up(call.db, call.actor, call.outside.uploads, upload_id)
    found = headers.standing(kept) | {"Upload-Metadata": kept.told}
    return Ok(data=await service.shown_whole(call.db, call.actor, kept), headers=found)


@patch(
    ONE,
    example="<binary_data>",
    access=STAFF,
    bucket=MEDIA,
    metered=False,
    resource="upload",
    media=BYTES,
    body_setting="max_video_bytes",
    answer_headers=headers.ALWAYS,
    status=(204,),
    errors=(409, 422, 507),
    headers=described.TO_APPEND,
    success_headers=described.STANDING,
    refusals=described.APPEND,
    changes_public=True,
)
async def append_to_upload(call: Call, upload_id: str) -> Reply:
    """Add the next piece; the last one makes the document or video."""
    headers.require_version(call)
    piece = _piece(call, headers.read_offset(call), headers.read_checksum(call))
    kept = await _appended(call, upload_id, piece)
    return Reply(204, b"", [NO_STORE, *PROTECTIVE, *wire(headers.standing(kept))])


@delete(
    ONE,
    access=STAFF,
    bucket=MEDIA,
    resource="upload",
    answer_headers=headers.ALWAYS,
    status=(204,),
    headers=described.RESUMABLE,
    success_headers=described.RESUMABLE,
    refusals=described.CANCEL,
)
async def cancel_upload(call: Call, upload_id: str) -> Reply:
    """Forget an upload. What a finished one has become stays."""
    headers.require_version(call)
    await service.cancel(call.db, call.actor, call.outside.uploads, upload_id)
    return Reply(204, b"", [NO_STORE, *PROTECTIVE])
