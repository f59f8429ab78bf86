"""Run what a form asks for, and show the page again where that fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from akako.kernel.core.errors import ApiError
from akako.web.site import Visit


async def submitted(
    visit: Visit,
    write: Awaitable[object],
    *,
    then: str,
    otherwise: Callable[[ApiError], Awaitable[Any]],
) -> Any:
    """Return the redirect to `then`, or the page that `otherwise` makes of the problem."""
    try:
        await write
    except ApiError as problem:
        return await otherwise(problem)
    return visit.go(then)
