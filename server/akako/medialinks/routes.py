"""Endpoints of media links."""

from __future__ import annotations

from functools import partial

from akako.kernel.core.access import BY_LINK, ROLES, requires
from akako.kernel.core.envelope import Created
from akako.kernel.core.errors import Unauthorized
from akako.kernel.core.ports import Claims
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import get, post
from akako.kernel.http.limits import MEDIA
from akako.kernel.http.responses import Response
from akako.library import routes as library_routes
from akako.library import service, streaming
from akako.library.media import Files
from akako.library.schemas import PlaybackQuery
from akako.medialinks.schemas import MediaLink
from akako.medialinks.service import PATH, MediaLinks

TAG = library_routes.TAG
READERS = requires(*ROLES)
MESSAGE = "Link created"


def _claims(ctx: Context) -> Claims:
    if ctx.claims is None:
        raise Unauthorized("missing")
    return ctx.claims


@post(
    "/education/topics/{topic_id}/video/link",
    tag=library_routes.VIDEO_TAG,
    access=READERS,
    bucket=MEDIA,
    resource="topic",
    errors=(403,),
)
async def create_video_link(ctx: Context, topic_id: str) -> Created[MediaLink]:
    """Create a link to the video of a topic for players that cannot send a token.

    It works for 6 hours, as long as you may watch the video. Treat it like a password.
    """
    await service.open_video(ctx.db, topic_id, ctx.actor)
    link = await ctx.get(MediaLinks).create(_claims(ctx), "video", topic_id)
    return Created(data=link, location=link.url, message=MESSAGE)


@post(
    "/s3/document/{document_id}/link",
    access=READERS,
    bucket=MEDIA,
    resource="document",
    errors=(403,),
)
async def create_document_link(ctx: Context, document_id: str) -> Created[MediaLink]:
    """Create a link to a document for viewers that cannot send a token.

    It works for 6 hours, as long as you may read the document. Treat it like a password.
    """
    await service.open_document(ctx.db, document_id, None, ctx.actor)
    link = await ctx.get(MediaLinks).create(_claims(ctx), "document", document_id)
    return Created(data=link, location=link.url, message=MESSAGE)


@get(
    PATH,
    access=BY_LINK,
    bucket=MEDIA,
    errors=(206, 304, 403, 404, 412, 416),
)
async def open_media_link(ctx: Context, link: str, query: PlaybackQuery) -> Response:
    """Stream the document or video of a link, or the part that `Range` selects.

    Each request checks whether the user for whom the link was created may still read the file.
    """
    ticket = await ctx.get(MediaLinks).read(link)
    find = partial(service.open_document, ctx.db, ticket.file_id, None)
    if ticket.kind == "video":
        find = partial(service.open_video, ctx.db, ticket.file_id)
    return await streaming.send(ctx, ctx.get(Files).store, find, query.disposition)
