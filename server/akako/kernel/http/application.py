"""Assemble the ASGI application: Starlette as the frame, the API mounted in it as one application.

Starlette runs the lifespan and tries its routes in order. The API finds the endpoint of a path in
its own tree and leaves the rest of the work to the pipeline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import cast

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.routing import BaseRoute, Mount
from starlette.websockets import WebSocketClose

from akako.kernel.core import envelope
from akako.kernel.core.access import UNGUARDED
from akako.kernel.core.envelope import Ok
from akako.kernel.core.errors import ApiError, InternalError, MethodNotAllowed, NotFound
from akako.kernel.http import endpoint as endpoints
from akako.kernel.http import limits
from akako.kernel.http.asgi import ASGIApp, Receive, Scope, Send
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.http.middleware import Observe, ResponseHeaders, preflight
from akako.kernel.http.pipeline import Pipeline
from akako.kernel.http.public_cache import PublicCacheMiddleware
from akako.kernel.http.render import failure
from akako.kernel.http.responses import JSON_TYPE, NO_STORE, PROTECTIVE, Headers, Response
from akako.kernel.http.router import PathTree

log = structlog.get_logger(__name__)


# Opens and closes the resources of the application.
Lifespan = Callable[[object], AbstractAsyncContextManager[None]]
Pages = Callable[["Api"], Sequence[BaseRoute]]  # the routes around the API, which come first


def build(
    declared: Sequence[Endpoint],
    pipeline: Pipeline,
    *,
    origins: Collection[str],
    cors_headers: Collection[str] = (),
    observe: Observe,
    secure: bool,
    lifespan: Lifespan,
    pages: Pages | None = None,
) -> ASGIApp:
    """Return the whole server as an ASGI application.

    Other `origins` may send the headers of `middleware.ALLOWED_HEADERS` and `cors_headers`.
    """
    api = Api(declared, pipeline, Cors(frozenset(origins), tuple(cors_headers)))
    frame = Starlette(
        routes=pages(api) if pages else [Mount("/", app=api)],
        lifespan=lifespan,
        exception_handlers={HTTPException: api.reject, Exception: _crashed},
    )
    # Only the documented spelling of a path is served.
    frame.router.redirect_slashes = False
    cached = PublicCacheMiddleware(cast(ASGIApp, frame), pipeline.public, pipeline.admission)
    edge = ResponseHeaders(cached, origins=origins, observe=observe, secure=secure)
    return _with_own_state(edge)


class Cors(msgspec.Struct, frozen=True):
    """The web origins that may call the API, and the request headers allowed in addition."""

    origins: frozenset[str]
    headers: tuple[str, ...]


class Api:
    """All endpoints as one ASGI application, to be mounted at the root."""

    def __init__(self, declared: Sequence[Endpoint], pipeline: Pipeline, cors: Cors) -> None:
        self._pipeline = pipeline
        self._items: PathTree[PathItem] = PathTree()
        by_path: dict[str, list[Endpoint]] = defaultdict(list)
        for each in declared:
            by_path[each.path].append(each)
        for path, group in by_path.items():
            self._items.add(path, PathItem(path, group, pipeline, cors))

    def serves(self, path: str) -> bool:
        """Return whether a path has an endpoint."""
        return self._items.find(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        answer: ASGIApp = Unrouted(self._pipeline, NotFound())
        if found := self._items.find(scope["path"]):
            item, scope["path_params"] = found
            answer = await item.answer(scope, receive)
        await answer(scope, receive, send)

    async def reject(self, request: Request, error: Exception) -> StarletteResponse:
        """Return the response to a request that Starlette's own routes do not serve."""
        problem: ApiError = NotFound()
        if isinstance(error, HTTPException) and error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            problem = MethodNotAllowed([each.strip() for each in allowed.split(",")])
        return cast(StarletteResponse, Unrouted(self._pipeline, problem))


class PathItem:
    """All endpoints of one path. Preflight requests are neither authenticated nor limited."""

    def __init__(
        self,
        path: str,
        group: Sequence[Endpoint],
        pipeline: Pipeline,
        cors: Cors,
    ) -> None:
        self.path = path
        self.methods = allowed_methods(group)
        self._pipeline = pipeline
        self._cors = cors
        self._always = group[0].response_headers
        self._by_method = {each.method: each for each in group}
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]

    async def answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        scope["state"]["route"] = self.path
        method = scope["method"]
        if endpoint := self._by_method.get(method):
            return await self._pipeline.answer(endpoint, scope, receive)
        if method == "OPTIONS":
            allowed = self._is_allowed(scope)
            return _preflight(self.methods, allowed, self._cors.headers, self._always)
        return Unrouted(self._pipeline, MethodNotAllowed(self.methods))

    def _is_allowed(self, scope: Scope) -> bool:
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        return origin.decode("latin-1") in self._cors.origins


def allowed_methods(group: Sequence[Endpoint]) -> list[str]:
    methods = {each.method for each in group} | {"OPTIONS"}
    return sorted(methods | {"HEAD"}) if "GET" in methods else sorted(methods)


def _preflight(
    methods: Sequence[str], origin_allowed: bool, allowed: Collection[str], more: Headers
) -> Response:
    cors = preflight(origin_allowed, methods, allowed)
    headers = [JSON_TYPE, NO_STORE, *PROTECTIVE, *cors, *more]
    return Response(200, envelope.success({"methods": list(methods)}), headers)


async def _refuse(ctx: Context) -> Ok[None]:
    raise ctx.scope["state"]["problem"]


NOWHERE, NOWHERE_IN_AUTH = (
    endpoints.get("", access=UNGUARDED, bucket=bucket, metered=False)(_refuse)
    for bucket in (limits.GENERAL, limits.AUTH)
)


class Unrouted:
    """The response to a request without an endpoint: it counts against the limit of its area."""

    def __init__(self, pipeline: Pipeline, problem: ApiError) -> None:
        self.pipeline = pipeline
        self.problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["path_params"] = {}
        scope["state"]["problem"] = self.problem
        endpoint = NOWHERE_IN_AUTH if _is_in_auth(scope["path"]) else NOWHERE
        answer = await self.pipeline.answer(endpoint, scope, receive)
        await answer(scope, receive, send)


def _is_in_auth(path: str) -> bool:
    """Return whether any reading of the path lies under /api/auth, also with doubled slashes."""
    area = [part.lower() for part in path.split("/") if part not in ("", ".")][:2]
    return area == ["api", "auth"]


async def _crashed(request: Request, error: Exception) -> StarletteResponse:
    """Return the response to an error outside the pipeline; the server logs the error itself."""
    return cast(StarletteResponse, failure(InternalError(request.scope["state"]["request_id"])))


def _with_own_state(app: ASGIApp) -> ASGIApp:
    """Give each request a `state` of its own: ASGI servers may share one or leave it out."""

    async def with_own_state(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"] = dict(scope.get("state", ()))
        await app(scope, receive, send)

    return with_own_state
