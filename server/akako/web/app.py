"""The routes of the web app, and the pages for paths that have none."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route

from akako.kernel.core.errors import ApiError, MethodNotAllowed, NotFound
from akako.kernel.http.application import Api
from akako.kernel.http.asgi import ASGIApp, Receive, Scope, Send
from akako.kernel.http.router import PathTree
from akako.web import errors
from akako.web.admin.overview import pages as overview
from akako.web.admin.queues import pages as queues
from akako.web.assets import files
from akako.web.learners import pages as learner
from akako.web.pages import (
    account,
    browse,
    developers,
    inbox,
    media,
    offline,
    requests,
    search,
    sign_in,
)
from akako.web.site import Site, Visit, find_visitor, with_headers
from akako.web.staff.curriculum import pages as curriculum
from akako.web.staff.figures import pages as analytics
from akako.web.staff.integrations import pages as integrations
from akako.web.staff.people import audit, person, usage
from akako.web.staff.people import pages as people
from akako.web.teaching import composer, stored_files, subjects
from akako.web.teaching import notes as shared_notes
from akako.web.visitor import anonymous

AREAS = (
    browse,
    sign_in,
    learner,
    inbox,
    requests,
    search,
    account,
    media,
    offline,
    developers,
    overview,
    queues,
    people,
    person,
    audit,
    usage,
    curriculum,
    composer,
    stored_files,
    subjects,
    shared_notes,
    analytics,
    integrations,
)
NOT_PAGES = ("/api/", "/health/", "/docs/", "/static/", "/metrics", "/openapi.json")


def routes(site: Site, api: Api) -> list[BaseRoute]:
    """Return the routes of the whole server. Starlette tries them in order."""
    pages: list[Route] = [route for area in AREAS for route in area.routes(site)]
    return [Mount("/api", app=api), Mount("/", app=Pages(site, api, [*pages, files.route()]))]


class Pages:
    """The pages by path, then the API; a browser gets a page for a path that nothing serves.

    A tree finds the page: Starlette would compare a path with each of 80 patterns, a tenth of a
    millisecond. Its own 405 is unreachable, because this application matches every path.
    """

    def __init__(self, site: Site, api: Api, pages: Sequence[Route]) -> None:
        self._site = site
        self._api = api
        by_path: dict[str, dict[str, Route]] = {}
        for each in pages:
            by_path.setdefault(each.path, {}).update(dict.fromkeys(each.methods or (), each))
        self._pages: PathTree[dict[str, Route]] = PathTree()
        for path, methods in by_path.items():
            self._pages.add(path, methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._api
        if scope["type"] == "http":
            methods, params = self._pages.find(scope["path"]) or ({}, {})
            if page := methods.get(scope["method"]):
                scope["path_params"], app = params, page.app
            elif not self._api.serves(scope["path"]):
                app = await self._refusal(scope, receive, set(methods))
        await app(scope, receive, send)

    async def _refusal(self, scope: Scope, receive: Receive, allowed: set[str]) -> ASGIApp:
        """Return the response to a request that nothing serves.

        Args:
            allowed: The methods of the page at this path.
        """
        if self._wants_page(scope):
            problem = MethodNotAllowed(sorted(allowed)) if allowed else NotFound()
            return await self._page(scope, receive, problem)
        if allowed:
            error = HTTPException(405, headers={"Allow": ",".join(allowed)})
            return await self._api.reject(Request(scope), error)
        return self._api

    def _wants_page(self, scope: Scope) -> bool:
        path = scope["path"]
        if scope["method"] not in {"GET", "HEAD"} or f"{path}/".startswith(NOT_PAGES):
            return False
        accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        return b"text/html" in accepted

    async def _page(self, scope: Scope, receive: Receive, problem: ApiError) -> ASGIApp:
        request = Request(scope, receive)
        visit = Visit(
            site=self._site,
            request=request,
            visitor=anonymous(request),
            db=self._site.db,
            path=request.url.path,
        )

        async def work() -> None:
            visit.visitor = await find_visitor(self._site, request)
            raise problem

        response: ASGIApp = with_headers(self._site, visit, await errors.or_page(visit, work))
        return response
