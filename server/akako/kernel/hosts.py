"""Finding the PostgreSQL that can be written to, among those that a URL names.

The driver does so too, but gives all of them one time limit together: the first machine that has
gone silent then uses it up, and the one that took over is never asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncpg

# Why one server may be no good while another is.
NEXT = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.PostgresConnectionError,
)


def one_each(url: str) -> list[str]:
    """The URL once for each of its hosts."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]


class Connector:
    """Opens connections for a pool, first where the last one was opened."""

    def __init__(
        self, urls: Sequence[str], *, connect: Callable[..., Awaitable[Any]] = asyncpg.connect
    ) -> None:
        self._urls = list(urls)
        self._connect = connect

    async def __call__(self, *_url: str, **options: Any) -> asyncpg.Connection:
        *others, last = self._urls
        for url in others:
            try:
                return await self._open(url, options)
            except NEXT:
                continue
        return await self._open(last, options)

    async def _open(self, url: str, options: dict[str, Any]) -> asyncpg.Connection:
        opened = await self._connect(url, **options)
        self._urls.remove(url)
        self._urls.insert(0, url)
        return opened
