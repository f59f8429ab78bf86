"""Notes that learners share with a mentor, and the mentor's replies."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.routing import Route

from akako.kernel.core import validation
from akako.kernel.core.access import MENTOR
from akako.kernel.core.errors import NotFound, ValidationFailed
from akako.notes import queries, service
from akako.notes.schemas import ReplyWrite
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page

PATH = "/teach/notes"
REPLY = f"{PATH}/{{note_id}}/reply"
PAGE = "20"
SAID = {"sent": "The reply was sent.", "deleted": "The reply was deleted."}


def routes(site: Site) -> list[Route]:
    mentor = partial(page, site=site, roles=(MENTOR,))
    return [
        mentor(PATH, show),
        mentor(REPLY, show_reply),
        mentor(REPLY, reply, methods=("POST",)),
        mentor(f"{REPLY}/delete", delete_reply, methods=("POST",)),
    ]


async def show(visit: Visit) -> Any:
    return await _page(visit)


async def show_reply(visit: Visit) -> Any:
    """Show the notes with the form of one reply."""
    return await _page(visit, open_note=visit.param("note_id"))


async def _page(visit: Visit, *, open_note: str = "", error: str = "", status: int = 200) -> Any:
    request, search = list_request(visit.request.query_params, queries.SHARED, limit=PAGE)
    listed = await queries.list_shared(visit.db, visit.actor.user_id, request)
    if open_note and all(each.id != open_note for each in listed.data):
        raise NotFound("note", open_note)
    said = SAID.get(visit.request.query_params.get("reply", ""))
    return visit.page(
        "teach_notes.html",
        visit.text("Shared notes"),
        status=status,
        said=visit.text(said) if said else None,
        notes=listed.data,
        open_note=open_note,
        error=error,
        search=search,
        pages=listed.pagination,
        link=page_links(PATH, q=search),
        here={"page": listed.pagination.page, "q": search},
    )


async def reply(visit: Visit) -> Any:
    given = {"content": visit.field("content").replace("\r\n", "\n").strip()}
    note_id = visit.param("note_id")
    try:
        written = validation.read(ReplyWrite, given)
    except ValidationFailed:
        error = visit.text("Enter a reply of at most 5,000 characters.")
        return await _page(visit, open_note=note_id, error=error, status=422)
    await service.reply(visit.db, visit.actor, note_id, content=written.content)
    return visit.go(f"{PATH}?reply=sent#note-{note_id}")


async def delete_reply(visit: Visit) -> Any:
    note_id = visit.param("note_id")
    await service.delete_reply(visit.db, visit.actor, note_id)
    return visit.go(f"{PATH}?reply=deleted#note-{note_id}")
