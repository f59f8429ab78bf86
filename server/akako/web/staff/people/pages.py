"""The list of people: search and filters in the address, sortable by its heads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.routing import Route

from akako.identity import queries
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import ValidationFailed
from akako.web.names import person_name
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page
from akako.web.staff.people import words

PATH = "/admin/people"
PER_PAGE = "50"
CHOICES = ("role", "status", "sort", "order")
DEFAULTS = {"sort": "lastName", "order": "asc"}


def routes(site: Site) -> list[Route]:
    return [page(PATH, show, site=site, roles=(ADMIN,))]


async def show(visit: Visit) -> Any:
    params = visit.request.query_params
    chosen = {name: params.get(name, "") for name in CHOICES}
    wanted = DEFAULTS | {name: value for name, value in chosen.items() if value}
    try:
        request, search = list_request(params, queries.USERS, limit=PER_PAGE, **wanted)
    except ValidationFailed as problem:
        return _refused(visit, problem)
    listed = await queries.list_users(visit.db, request)
    filters = {name: value for name, value in {"q": search, **chosen}.items() if value}
    roles = words.roles(visit)
    return visit.page(
        "admin_people.html",
        visit.text("People"),
        rows=[
            {
                "name": person_name(each),
                "roles": ", ".join(roles[role] for role in each.roles),
                "user": each,
            }
            for each in listed.data
        ],
        search=search,
        chosen=chosen,
        heads=_heads(visit, filters, wanted),
        roles=roles,
        statuses=words.statuses(visit),
        pages=listed.pagination,
        link=page_links(PATH, **filters),
        error="",
        **_invitation(visit),
    )


def _invitation(visit: Visit) -> dict[str, Any]:
    """Return what the page says to administrators who want a person to join."""
    return {
        "invites": visit.request.query_params.get("invite") == "1",
        "address": f"{visit.site.origin(visit.request)}/sign-in",
        "development": visit.site.lists_people,
    }


def _heads(visit: Visit, filters: dict[str, str], wanted: dict[str, str]) -> list[dict[str, str]]:
    """Return the heads of the table. One that is sorted by links to the other direction."""
    names = (
        ("lastName", visit.text("Name")),
        ("email", visit.text("E-mail")),
        ("", visit.text("Roles")),
        ("", visit.text("Status")),
        ("createdAt", visit.text("Since")),
    )
    heads = []
    for sort, text in names:
        head = {"text": text}
        if sort:
            here = wanted["sort"] == sort
            order = "desc" if here and wanted["order"] == "asc" else "asc"
            head["href"] = f"{PATH}?{urlencode({**filters, 'sort': sort, 'order': order})}"
            if here:
                head["direction"] = "ascending" if wanted["order"] == "asc" else "descending"
        heads.append(head)
    return heads


def _refused(visit: Visit, problem: ValidationFailed) -> Any:
    """Show an empty list with what is wrong with the filters of the address."""
    first = problem.violations[0]
    return visit.page(
        "admin_people.html",
        visit.text("People"),
        status=problem.status,
        rows=[],
        search="",
        chosen=dict.fromkeys(CHOICES, ""),
        heads=[],
        roles=words.roles(visit),
        statuses=words.statuses(visit),
        pages=None,
        link=None,
        error=f"{first['field']}: {first['message']}",
        **_invitation(visit),
    )
