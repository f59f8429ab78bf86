"""The names of a topic's stored files: forms of the composer that change one name each."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.routing import Route

from akako.documents import service, videos
from akako.documents.schemas import DocumentUpdate, VideoRename
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.core.validation import read
from akako.web.site import Site, Visit, page
from akako.web.teaching import own

TOPIC = "/teach/topics/{topic_id}"


def routes(site: Site) -> list[Route]:
    staff = partial(page, site=site, roles=own.STAFF, methods=("POST",))
    return [
        staff(f"{TOPIC}/video/name", rename_video),
        staff(f"{TOPIC}/documents/{{document_id}}/name", rename_document),
    ]


async def rename_document(visit: Visit) -> Any:
    """Give a document another name. An empty name changes nothing."""
    topic_id, name = visit.param("topic_id"), visit.field("name").strip()
    if name:
        changes = read(DocumentUpdate, {"name": name})
        await service.update_document(
            visit.db, visit.actor, topic_id, visit.param("document_id"), changes=changes
        )
    return visit.go(f"/teach/topics/{topic_id}?saved=changed")


async def rename_video(visit: Visit) -> Any:
    """Give the video another file name. What is no file name changes nothing."""
    topic_id, name = visit.param("topic_id"), visit.field("name").strip()
    try:
        wanted = read(VideoRename, {"fileName": name})
        await videos.rename(visit.db, visit.actor, topic_id, name=wanted.file_name)
    except ValidationFailed:
        return visit.go(f"/teach/topics/{topic_id}")
    return visit.go(f"/teach/topics/{topic_id}?saved=changed")
