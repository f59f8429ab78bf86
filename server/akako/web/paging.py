"""Addresses of the other pages of a list."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode


def page_links(path: str, **params: str) -> Callable[[int], str]:
    """Return a function from a page number to its address; empty parameters are left out."""
    kept = {name: value for name, value in params.items() if value}

    def link(number: int) -> str:
        return f"{path}?{urlencode({**kept, 'page': number})}"

    return link
