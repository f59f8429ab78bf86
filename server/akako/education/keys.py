"""The keys that are stored with a node, computed from its texts."""

from __future__ import annotations

from akako.kernel.core.search_keys import search_key
from akako.kernel.core.sort_keys import sort_key


def name_keys(name: str, description: str) -> dict[str, str]:
    """Return the columns by which a node is sorted and searched."""
    return {"sort_key": sort_key(name), "search_key": search_key(name, description)}
