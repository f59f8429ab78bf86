"""Lists on pages: what the address asks for, and the addresses of the other pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from akako.kernel.db import listing


def page_links(path: str, **params: str) -> Callable[[int], str]:
    """Return a function from a page number to its address; empty parameters are left out."""
    given = {name: value for name, value in params.items() if value}

    def link(number: int) -> str:
        return f"{path}?{urlencode({**given, 'page': number})}"

    return link


def list_request(
    params: Mapping[str, str], spec: listing.Spec, **fixed: str
) -> tuple[listing.Request, str]:
    """Return the list request of an address with `page` and `q`, and its search text.

    Args:
        fixed: Parameters of the list that the page sets, such as `limit`.
    """
    search = params.get("q", "").strip()
    wanted = {"page": params.get("page", "1"), **fixed}
    if search:
        wanted["search"] = search
    return listing.read(spec, wanted), search
