"""The administrator's first page: queues, and what a fresh school needs."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from akako.education.nodes import LEVELS
from akako.education.service import list_nodes
from akako.enrollment import queries as enrollments
from akako.identity import queries as identity
from akako.kernel.core.access import ADMIN
from akako.kernel.db import listing
from akako.mentors import queries as applications
from akako.web.site import Site, Visit, page

ONE = {"limit": "1", "order": "asc"}


def routes(site: Site) -> list[Route]:
    return [page("/admin", show, site=site, roles=(ADMIN,))]


async def show(visit: Visit) -> Any:
    requests = await enrollments.list_pending(visit.db, listing.read(enrollments.PENDING, {**ONE}))
    mentors = await applications.list_pending(visit.db, listing.read(applications.PENDING, {**ONE}))
    levels = await list_nodes(
        visit.db, visit.actor, LEVELS, None, listing.read(LEVELS.spec, {"limit": "1"})
    )
    people = await identity.list_users(visit.db, listing.read(identity.USERS, {"limit": "1"}))
    return visit.page(
        "admin.html",
        visit.text("Administration"),
        queues=[
            _queue(visit.text("Enrollment requests"), "/admin/requests", requests),
            _queue(visit.text("Mentor applications"), "/admin/mentors", mentors),
        ],
        people=people.pagination.total,
        fresh=levels.pagination.total == 0,
    )


def _queue(name: str, href: str, listed: Any) -> dict[str, Any]:
    oldest = listed.data[0].requested_at if listed.data else None
    return {"name": name, "href": href, "count": listed.pagination.total, "oldest": oldest}
