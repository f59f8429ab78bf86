"""Serve style sheet, scripts and pictures of the pages from memory, compressed once."""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from akako.kernel.core import envelope
from akako.kernel.core.errors import NotFound

ROUTE = "/static/{name}"
# A name contains a hash of the content, so the content of an address never changes.
IMMUTABLE = "public, max-age=31536000, immutable"
COMPRESSED_TYPES = {"text/css", "text/javascript", "image/svg+xml", "application/json"}


class StaticFile(msgspec.Struct, frozen=True):
    """A file in memory. `coded` is its gzip form where that is useful."""

    media_type: str
    content: bytes
    coded: bytes | None


@cache
def _files() -> dict[str, StaticFile]:
    found = {}
    for path in (files("akako.web") / "static").iterdir():
        if path.is_file() and path.name != "manifest.json":
            content = path.read_bytes()
            media_type = _media_type(path.name)
            coded = gzip.compress(content, mtime=0) if media_type in COMPRESSED_TYPES else None
            found[path.name] = StaticFile(media_type, content, coded)
    return found


def _media_type(name: str) -> str:
    if name.startswith("speculation-"):  # browsers ignore rules of another type
        return "application/speculationrules+json"
    # The tables of some systems name an outdated type for scripts.
    if name.endswith(".js"):
        return "text/javascript"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def find(name: str) -> StaticFile | None:
    """Return a file by its name with hash, or None."""
    return _files().get(name)


async def send(request: Request) -> Response:
    request.scope["state"]["route"] = ROUTE
    found = find(request.path_params["name"])
    if found is None:
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(envelope.error(NotFound()), 404, headers, "application/json")
    headers = {
        "Cache-Control": IMMUTABLE,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if found.coded and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.coded, 200, headers, found.media_type)
    return Response(found.content, 200, headers, found.media_type)


def route() -> Route:
    """Return the route of the static files."""
    return Route(ROUTE, send)
