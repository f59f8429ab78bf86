"""Connect to the writable PostgreSQL server among the hosts that a URL names.

asyncpg can do this too, but applies one connect timeout to all hosts together: an unresponsive
first host uses it up, and the new primary is never tried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncpg

# Errors after which the next host is tried.
NEXT = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.PostgresConnectionError,
)


def one_each(url: str) -> list[str]:
    """Return one URL per host of a multi-host URL."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]


class Connector:
    """Open connections for a pool, starting with the host that accepted the last one."""

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
