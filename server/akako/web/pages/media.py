"""Videos and documents for the session of a browser: the same streams as the API's."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.routing import Route

from akako.kernel.http.context import Context
from akako.library import service, streaming
from akako.library.media import Files
from akako.web.site import Site, Visit, page


def routes(site: Site) -> list[Route]:
    return [
        page("/media/topics/{topic_id}/video", play_video, site=site, roles=()),
        page("/media/documents/{document_id}", send_document, site=site, roles=()),
    ]


def context_of(visit: Visit) -> Context:
    """Return the request as the streaming functions expect it."""
    context = Context(
        visit.request.scope,
        visit.request.receive,
        id=visit.request.scope["state"]["request_id"],
        db=visit.db,
        dependencies=visit.site.dependencies,
    )
    context.maybe_actor = visit.actor
    context.address = visit.site.address(visit.request.scope)
    return context


async def play_video(visit: Visit) -> Any:
    context = context_of(visit)
    find = partial(service.open_video, visit.db, visit.param("topic_id"))
    return await streaming.send(context, context.get(Files).store, find, None)


async def send_document(visit: Visit) -> Any:
    context = context_of(visit)
    find = partial(service.open_document, visit.db, visit.param("document_id"), None)
    return await streaming.send(context, context.get(Files).store, find, None)
