"""The page on which people try the API out: Swagger UI, bundled, so that no other host is asked."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

KINDS = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml; charset=utf-8",
}
# Only what is listed is served, so that no name can lead out of the folder. The names are shaped
# like ids, as every parameter of a path must be.
PARTS = {
    "index.html": "index.html",
    "icon": "icon.svg",
    "page-style": "page.css",
    "page-script": "page.js",
    "swagger-ui-style": "swagger-ui.css",
    "swagger-ui-script": "swagger-ui-bundle.js",
}

# This server only, and nothing inline; the style sheet draws its icons as data: images.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def read(name: str) -> tuple[bytes, bytes] | None:
    """Media type and content of a part of the page; None where it has no such part."""
    return _content(PARTS[name]) if name in PARTS else None


@cache
def _content(file: str) -> tuple[bytes, bytes]:
    content = (files("akako.ops") / "static" / file).read_bytes()
    return KINDS[file.rpartition(".")[2]], content
