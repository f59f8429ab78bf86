"""The audit log: who did what, with the fields that changed; filters in the address."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.routing import Route

from akako.identity import queries as identity
from akako.identity.schemas import AdminUser
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN
from akako.kernel.core.envelope import Listed
from akako.kernel.core.errors import ValidationFailed
from akako.kernel.db import listing
from akako.ops import history
from akako.ops.history import AuditEntry
from akako.web.names import person_name
from akako.web.paging import page_links
from akako.web.site import Site, Visit, page
from akako.web.staff.people import queries
from akako.web.staff.people.entries import describe, ids_in
from akako.web.staff.wording import Problem, range_problem

PATH = "/admin/audit"
PER_PAGE = "50"
NAMES = ("actor", "action", "about", "from", "to")
MATCHES = "6"
# Our own ids and Clerk's; other words are searched for in names and addresses.
AN_ID = re.compile(r"[0-9a-f]{32}|user_\w+")


class Found(msgspec.Struct, kw_only=True):
    """Who the filter by person means, and others whose names match it."""

    actor: str = ""
    name: str = ""
    others: list[AdminUser] = msgspec.field(default_factory=list)
    unknown: bool = False


def routes(site: Site) -> list[Route]:
    return [page(PATH, show, site=site, roles=(ADMIN,))]


async def show(visit: Visit) -> Any:
    """Show the entries, the latest first. Each page takes at most six statements."""
    params = visit.request.query_params
    given = {name: params.get(name, "").strip() for name in NAMES}
    given = {name: value for name, value in given.items() if value}
    try:
        found = await _find(visit, given.get("actor", ""))
        listed = None if found.unknown else await _list(visit, given, found)
    except ValidationFailed as problem:
        error = range_problem(visit, given.get("from", ""), given.get("to", "")) or Problem(
            "actor", visit.text("One of the filters is too long or not known. Change the filters.")
        )
        return _page(visit, given, Found(), None, {}, error=error, status=problem.status)
    entries = listed.data if listed else []
    ids = ids_in(entries) | {given["about"]} if "about" in given else ids_in(entries)
    names = await queries.names_of(visit.db, ids) if ids else {}
    return _page(visit, given, found, listed, names)


def _page(
    visit: Visit,
    given: dict[str, str],
    found: Found,
    listed: Listed[AuditEntry] | None,
    names: dict[str, str],
    *,
    error: Problem | None = None,
    status: int = 200,
) -> Any:
    entries = listed.data if listed else []
    return visit.page(
        "admin_audit.html",
        visit.text("Audit log"),
        status=status,
        entries=[describe(visit, each, names) for each in entries],
        actions=sorted({each.action for each in entries}),
        given={name: given.get(name, "") for name in NAMES},
        found=found,
        about=names.get(given.get("about", "")) or given.get("about", ""),
        others=[(each.id, person_name(each)) for each in found.others],
        pages=listed.pagination if listed else None,
        link=page_links(PATH, **given),
        error=error,
    )


async def _find(visit: Visit, text: str) -> Found:
    """Return the person of an id, a Clerk id, or words of a name or address."""
    if not text or AN_ID.fullmatch(text):
        return Found(actor=text)
    wanted = {"search": text[:100], "limit": MATCHES, "sort": "lastName", "order": "asc"}
    people = (await identity.list_users(visit.db, listing.read(identity.USERS, wanted))).data
    if not people:
        return Found(unknown=True)
    first = people[0]
    return Found(actor=first.id, name=person_name(first), others=list(people[1:]))


async def _list(visit: Visit, given: dict[str, str], found: Found) -> Listed[AuditEntry]:
    named = {"actor": found.actor, "action": given.get("action"), "resourceId": given.get("about")}
    chosen = validation.read(
        history.AuditFilter, {name: value for name, value in named.items() if value}
    )
    wanted = {"page": visit.request.query_params.get("page", "1"), "limit": PER_PAGE}
    for name, parameter in (("from", "createdFrom"), ("to", "createdTo")):
        if name in given:
            wanted[parameter] = given[name]
    return await history.list_entries(visit.db, chosen, listing.read(history.ENTRIES, wanted))
