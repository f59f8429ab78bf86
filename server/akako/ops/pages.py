"""The API documentation page: Swagger UI, bundled, without requests to other hosts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

KINDS = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml; charset=utf-8",
}
# Only listed files are served, so no name can leave the folder. Names have the shape of ids, as all
# path parameters.
PARTS = {
    "index.html": "index.html",
    "icon": "icon.svg",
    "page-style": "page.css",
    "page-script": "page.js",
    "swagger-ui-style": "swagger-ui.css",
    "swagger-ui-script": "swagger-ui-bundle.js",
}

# Only this server, no inline code; the style sheet contains its icons as data: images.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def read(name: str) -> tuple[bytes, bytes] | None:
    """Return media type and content of a file of the page, or None for an unknown name."""
    return _content(PARTS[name]) if name in PARTS else None


@cache
def _content(file: str) -> tuple[bytes, bytes]:
    content = (files("akako.ops") / "static" / file).read_bytes()
    return KINDS[file.rpartition(".")[2]], content
