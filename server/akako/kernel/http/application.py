"""Puts endpoints, pipeline and edge together as one ASGI application.

Litestar routes and runs the lifespan; what happens to a request is the pipeline's business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import structlog
from litestar import Litestar, Request
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler

from akako.kernel import envelope, limits
from akako.kernel.access import UNGUARDED
from akako.kernel.envelope import Ok
from akako.kernel.errors import ApiError, BadRequest, InternalError, MethodNotAllowed, NotFound
from akako.kernel.http import endpoint as endpoints
from akako.kernel.http.asgi import ASGIApp, Receive, Scope, Send
from akako.kernel.http.call import Call
from akako.kernel.http.edge import Edge, Observe, preflight
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.http.head import RequestHead
from akako.kernel.http.pipeline import Pipeline
from akako.kernel.http.public_answers import PublicAnswers
from akako.kernel.http.render import failure
from akako.kernel.http.reply import JSON_TYPE, NO_STORE, PROTECTIVE, Headers, Reply

log = structlog.get_logger(__name__)
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def build(
    declared: Sequence[Endpoint],
    pipeline: Pipeline,
    *,
    origins: Collection[str],
    observe: Observe,
    secure: bool,
    lifespan: Sequence[Lifespan],
) -> ASGIApp:
    """The whole server as an ASGI application."""
    by_path: dict[str, list[Endpoint]] = defaultdict(list)
    for each in declared:
        by_path[each.path].append(each)
    places = [Place(path, group, pipeline, origins) for path, group in by_path.items()]
    app = Litestar(
        [place.handler() for place in places],
        openapi_config=None,
        logging_config=None,
        lifespan=list(lifespan),
        exception_handlers={Exception: _unrouted(pipeline)},  # type: ignore[dict-item]
    )
    plain = {place.path: place for place in places if "{" not in place.path}
    routed = _exact_paths(cast(ASGIApp, app), plain, pipeline)
    kept = PublicAnswers(routed, pipeline.public, pipeline.admission)
    return RequestHead(Edge(kept, origins=origins, observe=observe, secure=secure))


class Place:
    """All operations of one path. Preflights are neither authenticated nor limited."""

    def __init__(
        self,
        path: str,
        group: Sequence[Endpoint],
        pipeline: Pipeline,
        origins: Collection[str],
    ) -> None:
        self.path = path
        self.methods = allowed_methods(group)
        self._pipeline = pipeline
        self._origins = origins
        self._always = group[0].answer_headers
        self._by_method = {each.method: each for each in group}
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]

    async def answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        scope["state"]["route"] = self.path
        method = scope["method"]
        if endpoint := self._by_method.get(method):
            return await self._pipeline.answer(endpoint, scope, receive)
        if method == "OPTIONS":
            return _preflight(self.methods, self._is_allowed(scope), self._always)
        return Unrouted(self._pipeline, MethodNotAllowed(self.methods))

    def _is_allowed(self, scope: Scope) -> bool:
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        return origin.decode("latin-1") in self._origins

    def handler(self) -> HTTPRouteHandler:
        """The place as Litestar knows it."""

        async def handle(request: Request) -> Reply:  # type: ignore[type-arg]
            answer = await self.answer(cast(Scope, request.scope), cast(Receive, request.receive))
            return cast(Reply, answer)

        methods: list[Any] = self.methods
        template = self.path.replace("}", ":str}")
        return HTTPRouteHandler(template, http_method=methods, status_code=200)(handle)


def allowed_methods(group: Sequence[Endpoint]) -> list[str]:
    methods = {each.method for each in group} | {"OPTIONS"}
    return sorted(methods | {"HEAD"}) if "GET" in methods else sorted(methods)


def _preflight(methods: Sequence[str], origin_allowed: bool, more: Headers) -> Reply:
    headers = [JSON_TYPE, NO_STORE, *PROTECTIVE, *preflight(origin_allowed, methods), *more]
    return Reply(200, envelope.success({"methods": list(methods)}), headers)


async def _refuse(call: Call) -> Ok[None]:
    raise call.scope["state"]["problem"]


NOWHERE, NOWHERE_IN_AUTH = (
    endpoints.get("", access=UNGUARDED, bucket=bucket, metered=False)(_refuse)
    for bucket in (limits.GENERAL, limits.AUTH)
)


class Unrouted:
    """An answer for a request that has no endpoint: it counts against the limit of its area."""

    def __init__(self, pipeline: Pipeline, problem: ApiError) -> None:
        self.pipeline = pipeline
        self.problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["path_params"] = {}
        scope["state"]["problem"] = self.problem
        in_auth = scope["path"].startswith(f"{endpoints.PREFIX}/auth/")
        endpoint = NOWHERE_IN_AUTH if in_auth else NOWHERE
        answer = await self.pipeline.answer(endpoint, scope, receive)
        await answer(scope, receive, send)


class _Rendered:
    """An answer in the form in which Litestar takes one from an exception handler."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def to_asgi_response(self, **facts: object) -> ASGIApp:
        return self.app


def _unrouted(pipeline: Pipeline) -> Callable[[Request, Exception], _Rendered]:  # type: ignore[type-arg]
    def handle(request: Request, error: Exception) -> _Rendered:  # type: ignore[type-arg]
        if isinstance(error, MethodNotAllowedException):
            allowed = (error.headers or {}).get("allow", "").split(", ")
            return _Rendered(Unrouted(pipeline, MethodNotAllowed(allowed)))
        if isinstance(error, NotFoundException):
            return _Rendered(Unrouted(pipeline, NotFound()))
        if isinstance(error, HTTPException) and error.status_code == 400:
            return _Rendered(Unrouted(pipeline, BadRequest("invalid_request")))
        request_id = request.scope["state"]["request_id"]
        log.error("router_crashed", request_id=request_id, exc_info=error)
        return _Rendered(failure(InternalError(request_id)))

    return handle


def _exact_paths(app: ASGIApp, plain: Mapping[str, Place], pipeline: Pipeline) -> ASGIApp:
    """Only the path as documented is the path: no doubled or trailing slashes are forgiven.

    A path without parameters needs no router to be found.
    """

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if place := plain.get(path):
                scope["path_params"] = {}
                answer = await place.answer(scope, receive)
                await answer(scope, receive, send)
                return
            if "//" in path or "\x00" in path or path.endswith("/"):
                await Unrouted(pipeline, NotFound())(scope, receive, send)
                return
        await app(scope, receive, send)

    return route
