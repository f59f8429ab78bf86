"""Cache public responses in memory.

Only requests without a token use the cache, so no audience sees the response of another one. A
change clears it. It is enabled only while change notifications arrive (`resume` and `suspend`).
"""

from __future__ import annotations

from collections import OrderedDict

from akako.kernel.core import etags
from akako.kernel.core.errors import RateLimited
from akako.kernel.http.admission import Admission
from akako.kernel.http.asgi import ASGIApp, Receive, Scope, Send
from akako.kernel.http.context import joined_headers
from akako.kernel.http.limits import GENERAL
from akako.kernel.http.render import READS, failure
from akako.kernel.http.responses import PUBLIC_CACHE, Headers, Response

MAX_BYTES = 16 * 1024 * 1024
MAX_KEY_BYTES = 512

Key = tuple[str, bytes]


class CachedResponse:
    """A response, without the headers that differ between requests."""

    __slots__ = ("body", "headers", "route", "tag", "unchanged")

    def __init__(self, answer: Response, route: str) -> None:
        self.route = route
        self.body = answer.body
        self.headers = tuple(answer.headers)
        self.unchanged = tuple(pair for pair in answer.headers if pair[0] != b"content-type")
        self.tag = next(value for name, value in answer.headers if name == b"etag").decode()

    def reply(self, condition: bytes | None, more: Headers) -> Response:
        """Return the response, or 304. `condition` is the value of If-None-Match."""
        if condition is not None and etags.is_held(condition.decode("latin-1"), self.tag):
            return Response(304, b"", [*self.unchanged, *more])
        return Response(200, self.body, [*self.headers, *more])


class PublicCache:
    """The cached responses. `generation` changes with every invalidation."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.generation = 0
        self.live = False
        self._max_bytes = max_bytes
        self._bytes = 0
        self._responses: OrderedDict[Key, CachedResponse] = OrderedDict()

    def find(self, key: Key) -> CachedResponse | None:
        return self._responses.get(key)

    def store(self, key: Key, generation: int, answer: Response, route: str) -> None:
        """Store a response that is marked as public, unless a change came after its read began."""
        size = len(answer.body) + len(key[0]) + len(key[1])
        if PUBLIC_CACHE not in answer.headers:
            return
        if not self.live or generation != self.generation or key in self._responses:
            return
        if len(key[0]) + len(key[1]) > MAX_KEY_BYTES or size > self._max_bytes // 16:
            return
        self._responses[key] = CachedResponse(answer, route)
        self._bytes += size
        while self._bytes > self._max_bytes:
            old, dropped = self._responses.popitem(last=False)
            self._bytes -= len(dropped.body) + len(old[0]) + len(old[1])

    def drop(self) -> None:
        """Clear the cache after a change."""
        self.generation += 1
        self._responses.clear()
        self._bytes = 0

    def resume(self) -> None:
        """Enable the cache: notifications arrive."""
        self.drop()
        self.live = True

    def suspend(self) -> None:
        """Disable the cache: notifications may be lost."""
        self.live = False
        self.drop()


class PublicCacheMiddleware:
    """Serve cached responses; pass other requests on. Both count against the rate limit."""

    def __init__(self, app: ASGIApp, cache: PublicCache, admission: Admission) -> None:
        self.app = app
        self.cache = cache
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cached = None
        if scope["type"] == "http" and scope["method"] in READS:
            cached = self.cache.find((scope["path"], scope["query_string"]))
        if cached is None:
            await self.app(scope, receive, send)
            return
        given = joined_headers(scope)
        if b"authorization" in given:
            await self.app(scope, receive, send)
            return
        scope["state"]["route"] = cached.route
        answer = await self._answer(cached, scope, given)
        await answer(scope, receive, send)

    async def _answer(
        self, cached: CachedResponse, scope: Scope, given: dict[bytes, bytes]
    ) -> Response:
        address = self.admission.address(scope, given.get(b"x-forwarded-for"))
        limit = await self.admission.hit_address(GENERAL, address)
        try:
            limit.enforce()
        except RateLimited as problem:
            refusal = failure(problem)
            refusal.headers += limit.headers()
            return refusal
        return cached.reply(given.get(b"if-none-match"), limit.headers())
