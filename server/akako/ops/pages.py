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
# Only what is listed is served, so that no name can lead out of the folder.
NAMES = frozenset(
    {"index.html", "page.css", "page.js", "icon.svg", "swagger-ui.css", "swagger-ui-bundle.js"}
)

# This server only, and nothing inline; the style sheet draws its icons as data: images.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def read(name: str) -> tuple[bytes, bytes] | None:
    """Media type and content of a part of the page; None where it has no such part."""
    return _content(name) if name in NAMES else None


@cache
def _content(name: str) -> tuple[bytes, bytes]:
    content = (files("akako.ops") / "static" / name).read_bytes()
    return KINDS[name.rpartition(".")[2]], content
