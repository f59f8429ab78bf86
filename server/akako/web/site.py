"""The web app's dependencies, and the way of a request from route to page."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any, Protocol

import msgspec
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response as PageResponse
from starlette.routing import Route

from akako.authority import service as authority
from akako.identity.callers import actors
from akako.kernel.core.access import SIGNED_IN, Actor, Role, requires
from akako.kernel.core.errors import BadRequest, Forbidden, PayloadTooLarge, Unauthorized
from akako.kernel.core.ports import Claims, Directory, DirectoryUser
from akako.kernel.db.confirmed import ConfirmedDatabase
from akako.kernel.db.database import Database
from akako.kernel.http.context import Dependencies
from akako.kernel.http.limits import Bucket, Limiter
from akako.web import errors, guard, languages, rendering
from akako.web.forms import unsent
from akako.web.sessions import service as sessions
from akako.web.sessions.tokens import WebKeys
from akako.web.visitor import Visitor, anonymous

MIN_COMPRESSED = 1_000
GZIP_LEVEL = 4
MAX_FORM_FIELDS = 1_000
# Pages of anonymous visitors and of signed-in users.
PAGES, PAGES_OF_USER = Bucket("pages"), Bucket("pages_of_user", per_user=True)
MAX_FORM_BYTES = 1024 * 1024
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'{issuer}; frame-ancestors 'none'; "
    "base-uri 'none'"
)


class LoadAccount(Protocol):
    """Load or create the account of verified claims. Raises Unauthorized or Forbidden."""

    async def __call__(
        self, claims: Claims, *, provision: bool = True, ip: str, request_id: str
    ) -> Actor: ...


class OidcSettings(msgspec.Struct, frozen=True):
    """The OpenID Connect client that this server is."""

    issuer: str
    client_id: str
    client_secret: str | None
    issues_accounts: bool  # whether its people get accounts without a directory


class Site(msgspec.Struct, kw_only=True):
    """What the pages need from backends and settings."""

    db: Database
    limiter: Limiter
    load_account: LoadAccount
    arrive: Callable[[DirectoryUser], Awaitable[None]]  # creates or updates an account
    keys: WebKeys
    address: Callable[[Any], str]
    dependencies: Dependencies
    directory: Directory | None
    production: bool
    public_url: str | None = None
    oidc: OidcSettings | None = None

    @property
    def secure(self) -> bool:
        """Return whether cookies are restricted to https."""
        if self.public_url:
            return self.public_url.startswith("https:")
        return self.production

    @property
    def lists_people(self) -> bool:
        """Return whether the sign-in page lists people: in development, without a provider."""
        return not self.production and not self.oidc

    @property
    def cookie(self) -> str:
        return "__Host-akako" if self.secure else "akako"

    def origin(self, request: Request) -> str:
        """Return the origin of the web app, as links and tokens name it."""
        return guard.origin_of(request.url.scheme, request.headers.get("host", ""), self.public_url)

    def origins(self, request: Request) -> set[str]:
        """Return the origins whose forms are accepted."""
        scheme, host = request.url.scheme, request.headers.get("host", "")
        return {guard.origin_of(scheme, host, None), self.origin(request)}

    @property
    def headers(self) -> dict[str, str]:
        """Return the security headers of every page."""
        issuer = f" {guard.origin_of('', '', self.oidc.issuer)}" if self.oidc else ""
        return {
            "Content-Security-Policy": POLICY.format(issuer=issuer),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }


class Visit(msgspec.Struct, kw_only=True):
    """One request to a page."""

    site: Site
    request: Request
    visitor: Visitor
    db: Database
    form: FormData | None = None
    path: str = ""

    @property
    def actor(self) -> Actor:
        return self.visitor.signed_in

    @property
    def language(self) -> str:
        return self.visitor.language

    def text(self, text: str, **values: object) -> str:
        """Return a text in the visitor's language."""
        translated = languages.translations(self.visitor.language).gettext(text)
        return translated % values if values else translated

    def param(self, name: str) -> str:
        return str(self.request.path_params[name])

    def field(self, name: str) -> str:
        """Return a text field of the form, or an empty text."""
        value = self.form.get(name) if self.form else None
        return value if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """Return every value of a field, such as of check boxes."""
        values = self.form.getlist(name) if self.form else []
        return [each for each in values if isinstance(each, str)]

    def page(
        self,
        template: str,
        title: str,
        *,
        status: int = 200,
        said: str | None = None,
        **values: Any,
    ) -> PageResponse:
        """Return a rendered page; `said` is announced in its status region."""
        made = rendering.page(self.visitor, title, self.path, status=said)
        text = rendering.render(f"pages/{template}", made, **values)
        accepted = self.request.headers.get("accept-encoding", "")
        if "gzip" in accepted and len(text) >= MIN_COMPRESSED:
            coded = gzip.compress(text.encode(), GZIP_LEVEL, mtime=0)
            return HTMLResponse(coded, status, {"Content-Encoding": "gzip"})
        return HTMLResponse(text, status)

    def go(self, path: str) -> PageResponse:
        """Return a redirect to a path of this server, after a form."""
        return RedirectResponse(path, 303)


Handler = Callable[[Visit], Awaitable[Any]]


def page(
    path: str,
    handler: Handler,
    *,
    site: Site,
    methods: Collection[str] = ("GET",),
    roles: tuple[Role, ...] | None = None,
    guarded: bool = True,
    reads_form: bool = True,
) -> Route:
    """Return the route of a page.

    Args:
        roles: None for a public page; empty for every signed-in person; else one of them is needed.
        guarded: Whether a POST must carry the form token of the session.
        reads_form: Whether the form is read before the handler; uploads read it themselves.
    """

    async def endpoint(request: Request) -> Any:
        request.scope["state"]["route"] = path
        visitor = anonymous(request)
        visit = Visit(
            site=site, request=request, visitor=visitor, db=site.db, path=request.url.path
        )

        async def work() -> Any:
            visit.visitor = await find_visitor(site, request)
            if request.method == "POST":
                guard.require_same_origin(request.headers, site.origins(request))
            if roles is not None and visit.visitor.actor is None:
                return await unsent.ask_to_sign_in(visit, partial(_limit, visit))
            _check_roles(visit.visitor, roles)
            await _limit(visit)
            if request.method == "POST":
                if reads_form:
                    try:
                        await read_form(visit, guarded=guarded)
                    except guard.OutdatedForm:
                        return unsent.ask_again(visit)
                _confirm_at_commit(visit, roles)
            return await handler(visit)

        return with_headers(site, visit, await errors.or_page(visit, work))

    return Route(path, endpoint, methods=list(methods))


async def find_visitor(site: Site, request: Request, cookie: str | None = None) -> Visitor:
    """Return the visitor of a request. An account that is not active has no session.

    Args:
        cookie: Of a session that this request started, instead of the cookie of the request.
    """
    visitor = anonymous(request)
    cookie = cookie or request.cookies.get(site.cookie)
    found = await sessions.find(site.db, cookie) if cookie else None
    if found is None:
        return visitor
    session, account = found
    try:
        visitor.actor = actors.admitted(
            account,
            Claims(session.clerk_id, 0.0, session.public_id, first_party=True),
            first_party=True,
            ip=site.address(request.scope),
            request_id=request.scope["state"]["request_id"],
        )
    except (Unauthorized, Forbidden):
        return visitor
    visitor.session = session
    return visitor


def _check_roles(visitor: Visitor, roles: tuple[Role, ...] | None) -> None:
    if roles and visitor.actor:
        requires(*roles).check(visitor.actor.roles)


async def _limit(visit: Visit) -> None:
    """Count the page per user; anonymous pages count per address."""
    limiter, actor = visit.site.limiter, visit.visitor.actor
    if actor:
        state = await limiter.hit(PAGES_OF_USER, "user", actor.user_id)
    else:
        state = await limiter.hit(PAGES, "ip", visit.site.address(visit.request.scope))
    state.enforce()


async def read_form(visit: Visit, *, guarded: bool) -> None:
    """Read the form of a POST and check its token."""
    if "transfer-encoding" in visit.request.headers:
        raise BadRequest("length_required", "The form needs the header Content-Length")
    length = visit.request.headers.get("content-length", "0")  # none: no body
    if not length.isdecimal() or int(length) > MAX_FORM_BYTES:
        raise PayloadTooLarge(MAX_FORM_BYTES)
    try:
        visit.form = await visit.request.form(
            max_files=0, max_fields=MAX_FORM_FIELDS, max_part_size=MAX_FORM_BYTES
        )
    except HTTPException:
        raise BadRequest("invalid_multipart", "The form cannot be read") from None
    if guarded and visit.visitor.actor:
        guard.require_form_token(visit.form, visit.visitor.form_token)


def _confirm_at_commit(visit: Visit, roles: tuple[Role, ...] | None) -> None:
    """Check the authority of a signed-in visitor again when an effect is committed."""
    actor = visit.visitor.actor
    if actor:
        access = requires(*roles) if roles else SIGNED_IN
        confirm = partial(authority.confirm, actor=actor, access=access)
        visit.db = ConfirmedDatabase(visit.db, confirm)


def with_headers(site: Site, visit: Visit, response: Any) -> Any:
    """Add the security headers; pages of signed-in people are never stored."""
    if isinstance(response, PageResponse):
        for name, value in site.headers.items():
            response.headers.setdefault(name, value)
        cache = "no-store" if visit.visitor.actor else "no-cache"
        response.headers.setdefault("Cache-Control", cache)
        response.headers.setdefault("Vary", "Cookie, Accept-Language, Accept-Encoding")
    return response
