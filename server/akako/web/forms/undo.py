"""The offer to undo an action, which a page announces together with the action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNDO_SECONDS = 30


def undoable(
    text: str, path: str, fields: Mapping[str, str] | None = None, seconds: int = UNDO_SECONDS
) -> dict[str, Any]:
    """Return an announcement with the form that undoes what it says.

    Args:
        text: What was done.
        path: Where the form is sent to.
        fields: What the form sends.
        seconds: How long it is offered.
    """
    return {"text": text, "undo": {"path": path, "fields": fields or {}, "seconds": seconds}}
