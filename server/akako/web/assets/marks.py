"""Addresses of static files, and icons, as filters: Jinja evaluates those of constants once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
from markupsafe import Markup, escape

FLIPPED = {"next", "previous"}  # they point the other way in languages written right to left


@cache
def _manifest() -> dict[str, str]:
    names: dict[str, str] = msgspec.json.decode(
        (files("akako.web") / "static" / "manifest.json").read_bytes()
    )
    return names


def asset(name: str) -> str:
    """Return the address of a static file; its name contains a hash of its content."""
    return f"/static/{_manifest()[name]}"


def icon(name: str, solid: bool = False) -> Markup:
    """Return a picture of the sprite, which screen readers skip."""
    kinds = f"icon{' solid' if solid else ''}{' flip' if name in FLIPPED else ''}"
    source = f"{asset('icons.svg')}#{escape(name)}"
    return Markup(f'<svg class="{kinds}" aria-hidden="true"><use href="{source}"/></svg>')  # noqa: S704 - escaped above


FILTERS = {"asset": asset, "icon": icon}
