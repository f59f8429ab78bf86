"""People and their roles, and the audit log, for administrators."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.routing import Route

from akako.identity import queries, service
from akako.identity.schemas import RoleGrant, UserUpdate
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN, ROLES
from akako.kernel.core.errors import ApiError
from akako.kernel.db import listing
from akako.ops import history
from akako.web.names import person_name
from akako.web.paging import list_request, page_links
from akako.web.site import Site, Visit, page

SORTS = ("lastName", "firstName", "email", "createdAt")
STATUSES = ("ACTIVE", "INACTIVE", "SUSPENDED")


def routes(site: Site) -> list[Route]:
    post = ("POST",)
    person = "/admin/people/{user_id}"
    return [
        page("/admin/people", show_people, site=site, roles=(ADMIN,)),
        page(person, show_person, site=site, roles=(ADMIN,)),
        page(f"{person}/roles", grant_role, site=site, roles=(ADMIN,), methods=post),
        page(f"{person}/roles/end", end_role, site=site, roles=(ADMIN,), methods=post),
        page(f"{person}/status", set_status, site=site, roles=(ADMIN,), methods=post),
        page("/admin/audit", show_audit, site=site, roles=(ADMIN,)),
    ]


async def show_people(visit: Visit) -> Any:
    params = visit.request.query_params
    chosen = {name: params.get(name, "") for name in ("role", "status", "sort", "order")}
    wanted = {"sort": "lastName", "order": "asc", "limit": "50"}
    wanted |= {name: value for name, value in chosen.items() if value}
    request, search = list_request(params, queries.USERS, **wanted)
    listed = await queries.list_users(visit.db, request)
    return visit.page(
        "admin_people.html",
        visit.text("People"),
        rows=[{"name": person_name(each), "user": each} for each in listed.data],
        search=search,
        chosen=chosen,
        roles=ROLES,
        statuses=STATUSES,
        pages=listed.pagination,
        link=page_links("/admin/people", q=search, **chosen),
    )


async def show_person(visit: Visit) -> Any:
    return await _person(visit)


async def _person(visit: Visit, *, said: str | None = None, failure: str = "") -> Any:
    user = await service.get_user(visit.site.db, visit.param("user_id"))
    return visit.page(
        "admin_person.html",
        person_name(user),
        status=409 if failure else 200,
        said=said,
        user=user,
        free_roles=[role for role in ROLES if role not in user.roles],
        statuses=STATUSES,
        failure=failure,
    )


async def grant_role(visit: Visit) -> Any:
    try:
        grant = validation.read(RoleGrant, {"role": visit.field("role")})
        await service.assign_role(visit.db, visit.actor, visit.param("user_id"), grant=grant)
    except ApiError as problem:
        return await _person(visit, failure=problem.message)
    return visit.go(f"/admin/people/{visit.param('user_id')}")


async def end_role(visit: Visit) -> Any:
    """End a role. The last administrator keeps theirs, and the page says why."""
    try:
        await service.remove_role(
            visit.db, visit.actor, visit.param("user_id"), role=visit.field("role")
        )
    except ApiError as problem:
        return await _person(visit, failure=problem.message)
    return visit.go(f"/admin/people/{visit.param('user_id')}")


async def set_status(visit: Visit) -> Any:
    try:
        changes, echoed = validation.read_changes(UserUpdate, {"status": visit.field("status")})
        await service.update_user(
            visit.db,
            visit.actor,
            visit.param("user_id"),
            changes=changes,
            echoed=echoed,
            if_match=None,
        )
    except ApiError as problem:
        return await _person(visit, failure=problem.message)
    return visit.go(f"/admin/people/{visit.param('user_id')}")


async def show_audit(visit: Visit) -> Any:
    """Show who did what, with the state before and after."""
    params = visit.request.query_params
    given = {name: params[name] for name in ("actor", "action") if params.get(name)}
    chosen = validation.read(history.AuditFilter, given)
    wanted = {"page": params.get("page", "1"), "limit": "50"}
    listed = await history.list_entries(visit.db, chosen, listing.read(history.ENTRIES, wanted))
    return visit.page(
        "admin_audit.html",
        visit.text("Audit log"),
        rows=[_entry(each) for each in listed.data],
        given=given,
        pages=listed.pagination,
        link=page_links("/admin/audit", **given),
    )


def _entry(each: history.AuditEntry) -> dict[str, Any]:
    def shown(state: object) -> str:
        return msgspec.json.format(msgspec.json.encode(state), indent=2).decode() if state else ""

    return {
        "at": each.at,
        "actor": each.actor_clerk_id or each.actor_user_id or "server",
        "action": each.action,
        "resource": f"{each.resource} {each.resource_id or ''}".strip(),
        "before": shown(each.before),
        "after": shown(each.after),
        "count": each.count,
    }
