"""The endpoint that exports the caller's personal data."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from akako.export import service
from akako.export.schemas import PersonalData
from akako.identity.routes import AUTHENTICATION
from akako.kernel.core.access import SIGNED_IN
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import get
from akako.kernel.http.limits import AUTH
from akako.kernel.http.responses import JSON_TYPE, NO_STORE, PROTECTIVE, FileResponse, Response

TAG = AUTHENTICATION
FILE = (b"content-disposition", b'attachment; filename="personal-data.json"')


@get("/auth/export", access=SIGNED_IN, bucket=AUTH, returns=PersonalData)
async def export_my_data(ctx: Context) -> Response:
    """Export everything that is stored about the caller.

    The response is streamed. It is incomplete if the connection closes before the end of the JSON.
    """
    chunks = service.document(ctx.db, ctx.actor.user_id)
    # The first statement runs before the status is sent, so that an error can still be reported.
    first = await anext(chunks) + await anext(chunks)
    headers = [JSON_TYPE, NO_STORE, FILE, *PROTECTIVE]
    return FileResponse(200, headers, length=None, chunks=_whole(first, chunks))


async def _whole(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for chunk in rest:
            yield chunk
    finally:
        await rest.aclose()
