"""The page of a person: roles with dates, status, plan, enrollments, history."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from starlette.routing import Route

from akako.enrollment import queries as enrollments
from akako.identity import service
from akako.identity.schemas import AdminUser, RoleGrant, UserRole, UserUpdate
from akako.kernel.core import validation
from akako.kernel.core.access import ADMIN
from akako.kernel.core.errors import ApiError, Conflict, LastAdmin, ValidationFailed
from akako.kernel.db import listing
from akako.ops import history
from akako.plans.schemas import PLANS
from akako.web.forms.undo import undoable
from akako.web.names import person_name
from akako.web.site import Site, Visit, page
from akako.web.staff.forms import submitted
from akako.web.staff.people import queries, words
from akako.web.staff.people.entries import describe, ids_in

PATH = "/admin/people/{user_id}"
LATEST = "10"


def routes(site: Site) -> list[Route]:
    post = partial(page, site=site, roles=(ADMIN,), methods=("POST",))
    return [
        page(PATH, show, site=site, roles=(ADMIN,)),
        post(f"{PATH}/roles", grant_role),
        post(f"{PATH}/roles/end", end_role),
        post(f"{PATH}/status", change),
        post(f"{PATH}/plan", change),
    ]


class Window(msgspec.Struct, kw_only=True):
    """A role with its dates. `last`: a moment of its last day; `state`: now, later or past."""

    role: str
    start: datetime
    end: datetime | None
    last: datetime | None
    state: str


async def show(visit: Visit) -> Any:
    return await _page(visit)


async def _page(visit: Visit, problem: ApiError | None = None) -> Any:
    """Show the person. Each page takes at most six statements."""
    user_id = visit.param("user_id")
    user = await service.get_user(visit.site.db, user_id)
    asked = listing.read(enrollments.ALL, {"userId": user.id, "limit": LATEST})
    requests = await enrollments.list_all(visit.site.db, asked)
    about = history.AuditFilter(resource="user", resource_id=user.id)
    latest = listing.read(history.ENTRIES, {"limit": LATEST})
    entries = (await history.list_entries(visit.site.db, about, latest)).data
    others = ids_in(entries) - {user.id}
    names = await queries.names_of(visit.site.db, others) if others else {}
    names[user.id] = person_name(user)
    return visit.page(
        "admin_person.html",
        person_name(user),
        status=problem.status if problem else 200,
        said=_said(visit, user),
        user=user,
        windows=[_window(each) for each in reversed(user.user_roles)],
        free_roles=[role for role in words.roles(visit) if role not in user.roles],
        roles=words.roles(visit),
        statuses=words.statuses(visit),
        states=words.states(visit),
        plans=list(PLANS),
        requests=requests,
        entries=[describe(visit, each, names) for each in entries],
        own=user.id == visit.actor.user_id,
        today=datetime.now(UTC).date().isoformat(),
        given={name: visit.field(name) for name in ("role", "starts", "ends")},
        last_admin=isinstance(problem, LastAdmin),
        failure=_explain(visit, problem) if problem else "",
    )


def _window(given: UserRole) -> Window:
    """Return a role with its dates. One that was ended before its first day is past."""
    now, start, end = datetime.now(UTC), given.effective_start_date, given.effective_end_date
    over = end is not None and end <= max(now, start)
    state = "past" if over else "later" if start > now else "now"
    last = end if end is None or end <= start else end - timedelta(microseconds=1)
    return Window(role=given.role, start=start, end=end, last=last, state=state)


def _said(visit: Visit, user: AdminUser) -> Any:
    """Return the announcement of the last action; a deactivation can be undone."""
    params = visit.request.query_params
    did = params.get("did", "")
    if visit.form is not None or not did:
        return None
    if did == "status" and user.status == "INACTIVE":
        text = visit.text("%(name)s is inactive and signed out.", name=person_name(user))
        return undoable(text, f"/admin/people/{user.id}/status", {"status": "ACTIVE"})
    texts = {
        "granted": visit.text("The role was granted."),
        "ended": visit.text("The role was ended."),
        "status": visit.text("%(name)s is active.", name=person_name(user)),
        "plan": visit.text("The plan is now %(plan)s.", plan=user.plan),
    }
    return texts.get(did)


def _explain(visit: Visit, problem: ApiError) -> str:
    if isinstance(problem, LastAdmin):
        return visit.text(
            "This is the last active administrator. Grant the role to another person first: "
            "a school without an administrator could not be run any more."
        )
    if isinstance(problem, Conflict):
        return visit.text("The person has this role in these days already. Choose other dates.")
    if isinstance(problem, ValidationFailed):
        first = problem.violations[0]
        return _wrong_dates(visit).get(str(first["field"]), str(first["message"]))
    return visit.text(problem.message)


def _wrong_dates(visit: Visit) -> dict[str, str]:
    """Return what to do about a date, by the field that the API names."""
    no_date = visit.text("This is not a date. Enter a date such as 2026-09-01.")
    return {
        "starts": no_date,
        "ends": no_date,
        "effectiveStartDate": visit.text(
            "A role can begin between today and ten years from now. Choose such a day."
        ),
        "effectiveEndDate": visit.text(
            "The role would end before it begins, or in the past. Choose a later last day."
        ),
    }


async def _submit(visit: Visit, write: Awaitable[object], did: str) -> Any:
    then = f"/admin/people/{visit.param('user_id')}?did={did}"
    return await submitted(visit, write, then=then, otherwise=partial(_page, visit))


async def grant_role(visit: Visit) -> Any:
    """Grant a role from a day on, or at once, until the end of a day, or without an end."""

    async def write() -> None:
        given = {"role": visit.field("role"), **_days(visit)}
        grant = validation.read(RoleGrant, given)
        await service.assign_role(visit.db, visit.actor, visit.param("user_id"), grant=grant)

    return await _submit(visit, write(), "granted")


def _days(visit: Visit) -> dict[str, str]:
    """Return the moments of the first and the last day. A role that starts today starts now."""
    moments = {}
    today = datetime.now(UTC).date()
    for field, name in (("starts", "effectiveStartDate"), ("ends", "effectiveEndDate")):
        if not visit.field(field):
            continue
        try:
            day = date.fromisoformat(visit.field(field))
        except ValueError:
            raise ValidationFailed.of(field, "Must be a date such as 2026-09-01") from None
        if field == "ends":
            day += timedelta(days=1)
        if field == "ends" or day != today:
            moments[name] = f"{day.isoformat()}T00:00:00Z"
    return moments


async def end_role(visit: Visit) -> Any:
    """End a role. The last administrator keeps theirs, and the page says why."""
    role, user_id = visit.field("role"), visit.param("user_id")
    write = service.remove_role(visit.db, visit.actor, user_id, role=role)
    if role == ADMIN and user_id == visit.actor.user_id:  # this page is not for them any more
        return await submitted(visit, write, then="/home", otherwise=partial(_page, visit))
    return await _submit(visit, write, "ended")


async def change(visit: Visit) -> Any:
    """Change the status or the plan."""
    name = "status" if visit.path.endswith("/status") else "plan"

    async def write() -> None:
        changes, echoed = validation.read_changes(UserUpdate, {name: visit.field(name)})
        await service.update_user(
            visit.db,
            visit.actor,
            visit.param("user_id"),
            changes=changes,
            echoed=echoed,
            if_match=None,
        )

    return await _submit(visit, write(), name)
