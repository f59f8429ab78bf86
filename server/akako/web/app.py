"""The routes of the web app, and the pages for paths that have none."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from akako.kernel.core.errors import NotFound
from akako.kernel.http.application import Api
from akako.kernel.http.asgi import ASGIApp, Message, Receive, Scope, Send
from akako.web import errors
from akako.web.pages import account, browse, developers, inbox, learner, media, requests, sign_in
from akako.web.site import Site, Visit, find_visitor, with_headers
from akako.web.visitor import Visitor

AREAS = (browse, sign_in, learner, inbox, requests, account, media, developers)
NOT_PAGES = ("/api/", "/health/", "/docs/", "/static/", "/metrics", "/openapi.json")
IMMUTABLE = b"public, max-age=31536000, immutable"


def routes(site: Site, api: Api) -> list[BaseRoute]:
    """Return the routes of the whole server: pages first, then the API."""
    pages: list[BaseRoute] = [route for area in AREAS for route in area.routes(site)]
    folder = Path(str(files("akako.web") / "static"))
    static = Mount("/static", app=HashedFiles(StaticFiles(directory=folder)))
    return [*pages, static, Mount("/", app=NotFoundPage(site, api))]


class HashedFiles:
    """Static files whose names contain a hash of their content, so they never change."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_immutable(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                kept = [pair for pair in message["headers"] if pair[0] != b"cache-control"]
                message["headers"] = [*kept, (b"cache-control", IMMUTABLE)]
                message["headers"].append((b"x-content-type-options", b"nosniff"))
            await send(message)

        scope.setdefault("state", {})["route"] = "/static"
        await self._app(scope, receive, send_immutable)


class NotFoundPage:
    """The API; a browser that asks for a path that nothing serves gets a page."""

    def __init__(self, site: Site, api: Api) -> None:
        self._site = site
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._api
        if scope["type"] == "http" and self._wants_page(scope):
            app = await self._page(scope, receive)
        await app(scope, receive, send)

    def _wants_page(self, scope: Scope) -> bool:
        path = scope["path"]
        if scope["method"] not in {"GET", "HEAD"} or f"{path}/".startswith(NOT_PAGES):
            return False
        accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        return b"text/html" in accepted and not self._api.serves(path)

    async def _page(self, scope: Scope, receive: Receive) -> ASGIApp:
        request = Request(scope, receive)
        visit = Visit(
            site=self._site,
            request=request,
            visitor=Visitor(),
            db=self._site.db,
            path=request.url.path,
        )
        visit.visitor = await find_visitor(self._site, request)
        response: ASGIApp = with_headers(self._site, visit, errors.page(visit, NotFound()))
        return response
