"""The stored files of a topic: forms of the composer that remove or rename one file each."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.routing import Route

from akako.documents import service, videos
from akako.documents.schemas import DocumentUpdate, VideoRename
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.core.validation import read
from akako.library import service as library
from akako.web.site import Site, Visit, page
from akako.web.teaching import own


def routes(site: Site) -> list[Route]:
    staff = partial(page, site=site, roles=own.STAFF, methods=("POST",))
    return [
        staff(f"{own.TOPIC}/video/delete", delete_video),
        staff(f"{own.TOPIC}/documents/{{document_id}}/delete", delete_document),
        staff(f"{own.TOPIC}/video/name", rename_video),
        staff(f"{own.TOPIC}/documents/{{document_id}}/name", rename_document),
    ]


async def delete_video(visit: Visit) -> Any:
    topic, _ = await own.find_topic(visit)
    await library.delete_video(visit.db, visit.actor, topic.id, if_match=None)
    return visit.go(f"/teach/topics/{topic.id}?saved=removed")


async def delete_document(visit: Visit) -> Any:
    """Remove a document. The page offers to undo that."""
    topic_id, document_id = visit.param("topic_id"), visit.param("document_id")
    await library.delete_document(visit.db, visit.actor, topic_id, document_id, if_match=None)
    return visit.go(f"/teach/topics/{topic_id}?removed={document_id}")


async def rename_document(visit: Visit) -> Any:
    """Give a document another name. An empty name changes nothing."""
    topic, _ = await own.find_topic(visit)
    name = visit.field("name").strip()
    if not name:
        return visit.go(f"/teach/topics/{topic.id}")
    changes = read(DocumentUpdate, {"name": name})
    document_id = visit.param("document_id")
    await service.update_document(visit.db, visit.actor, topic.id, document_id, changes=changes)
    return visit.go(f"/teach/topics/{topic.id}?saved=changed")


async def rename_video(visit: Visit) -> Any:
    """Give the video another file name. What is no file name changes nothing."""
    topic, _ = await own.find_topic(visit)
    try:
        wanted = read(VideoRename, {"fileName": visit.field("name").strip()})
        await videos.rename(visit.db, visit.actor, topic.id, name=wanted.file_name)
    except ValidationFailed:
        return visit.go(f"/teach/topics/{topic.id}")
    return visit.go(f"/teach/topics/{topic.id}?saved=changed")
