"""The page for a device without connection, and the service worker that shows it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from akako.web import languages
from akako.web.assets import files
from akako.web.assets.marks import asset
from akako.web.site import Site, Visit, page

WORKER = "/service-worker.js"
# Browsers look for a new version at most this often, so that a page costs no second request.
WORKER_CACHE = "public, max-age=86400"


def routes(site: Site) -> list[Route]:
    return [
        page("/offline", show, site=site),
        Route(WORKER, send_worker),
    ]


async def show(visit: Visit) -> Response:
    """Show the page in the language that the service worker names."""
    wanted = visit.request.query_params.get("language")
    if wanted in languages.LANGUAGES:
        visit.visitor.language = str(wanted)
    return visit.page("offline.html", visit.text("You are offline"))


async def send_worker(request: Request) -> Response:
    """Send the script from the root of the server, which lets it serve every page."""
    request.scope["state"]["route"] = WORKER
    script = files.find(asset("worker.js").rpartition("/")[2])
    assert script
    headers = {
        "Cache-Control": WORKER_CACHE,
        "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(script.content, 200, headers, script.media_type)
