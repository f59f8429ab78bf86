"""The caller's own account: names, language, data saver, sessions, plan and usage."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from akako.export import service as export
from akako.identity import service as identity
from akako.identity.schemas import ProfileUpdate
from akako.kernel.core import validation
from akako.kernel.core.errors import ValidationFailed
from akako.plans import service as plans
from akako.plans.schemas import Usage
from akako.web import guard, languages
from akako.web.pages.devices import names_of
from akako.web.sessions import queries as sessions
from akako.web.sessions.queries import OwnSession
from akako.web.site import Site, Visit, page

YEAR_SECONDS = 365 * 24 * 3600
NAMES = {"firstName": "first_name", "lastName": "last_name"}


def routes(site: Site) -> list[Route]:
    return [
        page("/me", show, site=site, roles=()),
        page("/me", save, site=site, methods=["POST"], roles=()),
        page("/me/sessions/{public_id}/end", end_session, site=site, methods=["POST"], roles=()),
        page("/me/data", download, site=site, roles=()),
        page("/language", choose_language, site=site, methods=["POST"], guarded=False),
    ]


async def show(visit: Visit) -> Response:
    saved = visit.request.query_params.get("saved") == "1"
    return await _account_page(visit, said=visit.text("Saved") if saved else None)


async def _account_page(
    visit: Visit, *, said: str | None = None, errors: dict[str, str] | None = None
) -> Response:
    profile = await identity.get_profile(visit.site.db, visit.actor.user_id)
    quota = await plans.get_quota(visit.site.db, visit.actor)
    own = await sessions.list_own(visit.site.db, visit.actor.user_id)
    names = {"first_name": profile.first_name or "", "last_name": profile.last_name or ""}
    return visit.page(
        "me.html",
        visit.text("Profile and settings"),
        status=422 if errors else 200,
        said=said,
        profile=profile,
        names={name: visit.field(name) for name in names} if errors else names,
        errors=errors or {},
        picture=_local(visit, profile.image_url),
        quota=quota,
        shares={"calls": _percent(quota.api_calls), "uploads": _percent(quota.file_uploads)},
        languages=list(languages.LANGUAGES.items()),
        saves_data=visit.request.cookies.get("data-saver") == "1",
        sessions=[_session(visit, each) for each in own],
    )


def _local(visit: Visit, url: str | None) -> str | None:
    """Return the path of a picture on this server. Pictures elsewhere would tell who reads."""
    origin = f"{visit.site.origin(visit.request)}/"
    return f"/{url.removeprefix(origin)}" if url and url.startswith(origin) else None


def _percent(usage: Usage) -> int | None:
    return min(100, usage.used * 100 // usage.limit) if usage.limit else None


def _session(visit: Visit, each: OwnSession) -> dict[str, Any]:
    browser, system = names_of(each.user_agent)
    names = {"browser": browser, "system": system}
    name = visit.text("%(browser)s on %(system)s", **names) if browser and system else ""
    current = visit.visitor.session
    return {
        "id": each.public_id,
        "name": name or browser or system or visit.text("Unknown browser"),
        "agent": each.user_agent,
        "started": each.created_at,
        "seen": each.seen_at,
        "current": bool(current and current.public_id == each.public_id),
    }


async def save(visit: Visit) -> Response:
    """Save names and settings; an empty name is cleared."""
    given = {name: visit.field(field).strip() or None for name, field in NAMES.items()}
    try:
        changes, echoed = validation.read_changes(ProfileUpdate, given)
    except ValidationFailed as problem:
        messages = {NAMES.get(each["field"], ""): each["message"] for each in problem.violations}
        return await _account_page(visit, errors=messages)
    await identity.update_profile(
        visit.db, visit.actor, changes=changes, echoed=echoed, if_match=None
    )
    response = visit.go("/me?saved=1")
    if visit.field("settings"):
        _remember(visit, response, "language", visit.field("language"))
        _remember(visit, response, "data-saver", visit.field("data_saver") or "0")
    return response


def _remember(visit: Visit, response: Response, name: str, value: str) -> None:
    """Store a choice in a cookie, which also works for visitors without account."""
    if value not in (languages.LANGUAGES if name == "language" else ("0", "1")):
        return
    response.set_cookie(
        name,
        value,
        max_age=YEAR_SECONDS,
        secure=visit.site.secure,
        httponly=True,
        samesite="lax",
    )


async def download(visit: Visit) -> Response:
    """Send the personal data of the API's export as a file."""
    chunks = export.document(visit.db, visit.actor.user_id)
    first = await anext(chunks)  # an error here still becomes a page
    name = f"akako-data-{datetime.now(UTC):%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_whole(first, chunks), 200, headers, "application/json")


async def _whole(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for chunk in rest:
            yield chunk
    finally:
        await rest.aclose()


async def end_session(visit: Visit) -> Response:
    await sessions.delete_own(visit.db, visit.actor.user_id, visit.param("public_id"))
    return visit.go("/me")


async def choose_language(visit: Visit) -> Response:
    """Remember the language of a visitor, and show the same page in it."""
    origin = visit.site.origin(visit.request)
    response = visit.go(guard.path_before(visit.request.headers, origin, visit.field("next")))
    _remember(visit, response, "language", visit.field("language"))
    return response
