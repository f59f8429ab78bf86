"""The caller's own account: names, language, sessions, plan and usage."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from akako.export import service as export
from akako.identity import service as identity
from akako.identity.schemas import ProfileUpdate
from akako.kernel.core import validation
from akako.plans import service as plans
from akako.web import guard, languages
from akako.web.sessions import queries as sessions
from akako.web.site import Site, Visit, page

YEAR_SECONDS = 365 * 24 * 3600


def routes(site: Site) -> list[Route]:
    return [
        page("/me", show, site=site, roles=()),
        page("/me", save, site=site, methods=["POST"], roles=()),
        page("/me/sessions/{public_id}/end", end_session, site=site, methods=["POST"], roles=()),
        page("/me/data", download, site=site, roles=()),
        page("/language", choose_language, site=site, methods=["POST"], guarded=False),
    ]


async def show(visit: Visit) -> Response:
    profile = await identity.get_profile(visit.db, visit.actor.user_id)
    quota = await plans.get_quota(visit.db, visit.actor, unspent=0)
    own = await sessions.list_own(visit.db, visit.actor.user_id)
    current = visit.visitor.session
    return visit.page(
        "me.html",
        visit.text("Profile and settings"),
        profile=profile,
        quota=quota,
        languages=list(languages.LANGUAGES.items()),
        sessions=[
            {
                "id": each.public_id,
                "name": each.user_agent or visit.text("Unknown browser"),
                "seen": each.seen_at,
                "current": bool(current and current.public_id == each.public_id),
            }
            for each in own
        ],
    )


async def save(visit: Visit) -> Response:
    """Save the names; an empty name is cleared."""
    given = {
        "firstName": visit.field("first_name").strip() or None,
        "lastName": visit.field("last_name").strip() or None,
    }
    changes, echoed = validation.read_changes(ProfileUpdate, given)
    await identity.update_profile(
        visit.db, visit.actor, changes=changes, echoed=echoed, if_match=None
    )
    return visit.go("/me")


async def download(visit: Visit) -> Response:
    """Send the personal data of the API's export as a file."""
    chunks = export.document(visit.db, visit.actor.user_id)
    first = await anext(chunks)  # an error here still becomes a page
    headers = {"Content-Disposition": 'attachment; filename="personal-data.json"'}
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
    """Remember the language in a cookie, also for visitors without an account."""
    response = visit.go(guard.relative_path(visit.field("next"), "/"))
    if visit.field("language") in languages.LANGUAGES:
        response.set_cookie(
            "language",
            visit.field("language"),
            max_age=YEAR_SECONDS,
            secure=visit.site.secure,
            httponly=True,
            samesite="lax",
        )
    return response
