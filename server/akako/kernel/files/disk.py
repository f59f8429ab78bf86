"""Calls to the file system, which may be slow, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from akako.kernel.errors import ServiceUnavailable

P = ParamSpec("P")
T = TypeVar("T")


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in a thread and wait for it even when cancelled: a file in use must not be closed.

    Raise FileNotFoundError as it comes and ServiceUnavailable for every other failing.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ServiceUnavailable from error
