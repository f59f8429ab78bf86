"""The users of a Clerk instance, through Clerk's Backend API."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2
import msgspec
import structlog

from akako.backends.clerk_user import parse_user
from akako.backends.tokens.key_set import RESPONSE_SECONDS, get_bounded, outbound_client
from akako.kernel.core.errors import ServiceUnavailable, UpstreamError
from akako.kernel.core.fields import CLERK_ID
from akako.kernel.core.ports import DirectoryUser

log = structlog.get_logger(__name__)

API_VERSION = "2025-11-10"
PAGE_SIZE = 100
MAX_BODY_BYTES = 1024 * 1024
MAX_RETRY_AFTER = 60
LOOKUP_SECONDS = 2.5  # of one look-up, while a caller waits
MAX_LOOKUPS = 50  # concurrent; the wait for a turn is not part of LOOKUP_SECONDS
MAX_FAILURES = 5  # in a row, before no request is sent for PAUSE_SECONDS
PAUSE_SECONDS = RESPONSE_SECONDS


class ClerkDirectory:
    """Looks users up at `api_url` (such as `https://api.clerk.com/v1`).

    After MAX_FAILURES in a row a circuit breaker opens: look-ups raise ServiceUnavailable, and one
    request at a time finds out whether Clerk is available again. Concurrent look-ups of one id
    share a request.
    """

    def __init__(
        self, api_url: str, secret_key: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._clock = clock
        self._failures = 0
        self._paused_until = -math.inf
        self._lookups: dict[str, asyncio.Task[DirectoryUser | None]] = {}
        self._turns = asyncio.Semaphore(MAX_LOOKUPS)
        self._client = outbound_client(
            {
                "Accept": "application/json",
                "Authorization": f"Bearer {secret_key}",
                "Clerk-API-Version": API_VERSION,
            }
        )

    async def get_user(self, clerk_id: str) -> DirectoryUser | None:
        if not CLERK_ID.fullmatch(clerk_id):
            return None
        lookup = self._lookups.get(clerk_id)
        if lookup is None:
            lookup = asyncio.create_task(self._look_up(clerk_id))
            self._lookups[clerk_id] = lookup
            lookup.add_done_callback(lambda done: self._finish(clerk_id, done))
        # A caller that is cancelled leaves the request to the others that wait for it.
        return await asyncio.shield(lookup)

    def _finish(self, clerk_id: str, done: asyncio.Task[DirectoryUser | None]) -> None:
        del self._lookups[clerk_id]
        if not done.cancelled():
            done.exception()  # retrieve it, since all callers may have been cancelled

    async def _look_up(self, clerk_id: str) -> DirectoryUser | None:
        async with self._turns:
            body = await self._get(f"/users/{clerk_id}", seconds=LOOKUP_SECONDS)
        if body is None:
            return None
        user = parse_user(_decode(body))
        if user is None or user.id != clerk_id:
            raise UpstreamError
        return user

    async def list_users(self) -> AsyncIterator[DirectoryUser]:
        """Yield every user, oldest first, read page by page; invalid entries are left out."""
        cursor: str | None = None
        while True:
            page = await self._page(cursor)
            users = [parse_user(entry) for entry in page]
            for user in users:
                if user is not None:
                    yield user
            if len(page) < PAGE_SIZE:
                return
            last = users[-1]
            if last is None or last.id == cursor:
                raise UpstreamError
            cursor = last.id

    async def close(self) -> None:
        for lookup in self._lookups.values():
            lookup.cancel()
        await self._client.aclose()

    async def _page(self, cursor: str | None) -> list[Any]:
        params = {"limit": str(PAGE_SIZE), "order_by": "created_at"}
        if cursor is not None:
            params["starting_after"] = cursor
        body = await self._get("/users", params)
        page = None if body is None else _decode(body)
        if not isinstance(page, list):
            raise UpstreamError
        return page

    async def _get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        seconds: float = RESPONSE_SECONDS,
    ) -> bytes | None:
        """Return the body of a 200, or None if Clerk responds with 400 or 404."""
        self._check_pause()
        try:
            response, body = await get_bounded(
                self._client, self._api_url + path, MAX_BODY_BYTES, params, seconds=seconds
            )
        except (httpx2.HTTPError, TimeoutError) as error:
            raise self._failure(error=type(error).__name__) from None
        except ValueError:
            raise UpstreamError from None
        status = response.status_code
        if status in {401, 403}:
            log.error("clerk_refuses_secret_key", status=status)
            raise self._failure(status=status)
        if status == 429 or status >= 500:
            raise self._failure(status=status, retry_after=_retry_after(response))
        if status not in {200, 400, 404}:
            raise UpstreamError
        self._failures = 0
        self._paused_until = -math.inf
        return body if status == 200 else None

    def _check_pause(self) -> None:
        now = self._clock()
        if now < self._paused_until:
            raise ServiceUnavailable(retry_after=max(1, math.ceil(self._paused_until - now)))
        if self._failures >= MAX_FAILURES:
            # This request probes Clerk; those that follow wait for its result.
            self._paused_until = now + PAUSE_SECONDS

    def _failure(self, *, retry_after: int = 1, **facts: object) -> ServiceUnavailable:
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self._paused_until = self._clock() + PAUSE_SECONDS
        log.warning("clerk_unavailable", failures=self._failures, **facts)
        return ServiceUnavailable(retry_after=retry_after)


def _retry_after(response: httpx2.Response) -> int:
    text = response.headers.get("retry-after", "")
    seconds = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 1
    return min(max(seconds, 1), MAX_RETRY_AFTER)


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise UpstreamError from None
