"""The page of notifications."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from akako.kernel.db import listing
from akako.notifications import queries, service
from akako.web.paging import page_links
from akako.web.site import Site, Visit, page


def routes(site: Site) -> list[Route]:
    return [
        page("/notifications", show, site=site, roles=()),
        page("/notifications/read-all", read_all, site=site, roles=(), methods=("POST",)),
    ]


async def show(visit: Visit) -> Any:
    params = visit.request.query_params
    unread_only = params.get("unread") == "true"
    wanted = {"page": params.get("page", "1")}
    if unread_only:
        wanted["unread"] = "true"
    request = listing.read(queries.OWN, wanted)
    found = await queries.list_of_user(visit.db, visit.actor.user_id, request, say=visit.text)
    return visit.page(
        "notifications.html",
        visit.text("Notifications"),
        items=found.data,
        unread_only=unread_only,
        pages=found.pagination,
        link=page_links("/notifications", unread="true" if unread_only else ""),
    )


async def read_all(visit: Visit) -> Any:
    await service.mark_all_read(visit.db, visit.actor)
    return visit.go("/notifications")
