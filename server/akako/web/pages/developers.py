"""The page for integrators, and the page of all components in development."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from akako.web.sessions import tokens
from akako.web.site import Site, Visit, page


def routes(site: Site) -> list[Route]:
    shown = [page("/developers", show, site=site)]
    if not site.production:
        shown.append(page("/developers/components", show_components, site=site))
    return shown


async def show(visit: Visit) -> Response:
    """Show links, snippets with this server's address, and in development a token."""
    origin = visit.site.origin(visit.request)
    token = None
    if visit.visitor.session and not visit.site.production:
        token = (await tokens.mint(visit.site.keys, visit.visitor.session, origin)).token
    return visit.page(
        "developers.html", visit.text("Help and developers"), origin=origin, token=token
    )


async def show_components(visit: Visit) -> Response:
    return visit.page("components.html", "Components")
