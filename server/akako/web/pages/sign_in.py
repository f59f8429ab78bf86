"""Sign in and out: a list of people in development, OpenID Connect in production."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from akako.kernel.core import envelope
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import (
    ApiError,
    Forbidden,
    InvalidState,
    Unauthorized,
    ValidationFailed,
)
from akako.kernel.core.fields import CLERK_ID
from akako.kernel.core.ports import Claims
from akako.kernel.http.limits import Bucket
from akako.web import errors, guard
from akako.web.forms import unsent
from akako.web.forms.ready_people import ready_people
from akako.web.pages import oidc
from akako.web.sessions import service as sessions
from akako.web.sessions import tokens
from akako.web.sessions.queries import Session
from akako.web.site import Site, Visit, find_visitor, page

FORGET = '"cache", "storage"'
COOKIE_SECONDS = 30 * 24 * 3600
STATE_SECONDS = 600
PAGE_USER = "x-akako-user"  # the id of the user for whom a page was rendered
# Attempts to sign in, per address and per account.
SIGN_IN, SIGN_IN_OF_USER = Bucket("sign_in"), Bucket("sign_in_of_user", per_user=True)


def routes(site: Site) -> list[Route]:
    pages = [
        page("/sign-in", show, site=site),
        page("/sign-out", ask_sign_out, site=site),
        page("/sign-out", sign_out, site=site, methods=["POST"]),
        page("/auth/start", start_oidc, site=site),
        page(errors.SIGN_IN_PATH, finish_oidc, site=site),
        Route("/session/token", token_endpoint(site), methods=["POST"]),
    ]
    if site.lists_people:
        pages.append(page("/sign-in", choose_person, site=site, methods=["POST"], guarded=False))
    return pages


async def show(visit: Visit) -> Response:
    """Show the people of a development server, or the way to the identity provider."""
    params = visit.request.query_params
    facts: dict[str, Any] = {
        "wanted": guard.relative_path(params.get("next")),
        "refused": params.get("cookies") == "refused",
    }
    if visit.site.oidc:
        return visit.page("sign_in.html", visit.text("Sign in"), **facts, people=None, error="")
    if visit.site.production:
        missing = ["AKAKO_OIDC_CLIENT_ID", "AKAKO_PUBLIC_URL"]
        return visit.page(
            "sign_in_missing.html", visit.text("Sign in"), status=503, missing=missing
        )
    return visit.page(
        "sign_in.html",
        visit.text("Sign in"),
        **facts,
        people=await ready_people(visit.site.directory),
        error="",
    )


async def choose_person(visit: Visit) -> Response:
    """Sign in as a person of the development directory, or as another person by Clerk id."""
    await _limit(visit)
    kept = _unsent(visit)
    other = visit.field(unsent.OTHER) if kept else visit.field("other")
    chosen = other.strip() or visit.field(unsent.PERSON if kept else "person")
    if not CLERK_ID.fullmatch(chosen):
        if visit.field("person"):  # was not typed
            raise ValidationFailed.of("person", "Enter an id such as user_ama", chosen)
        return await _wrong_person(visit, kept)
    add = getattr(visit.site.directory, "add", None)
    if add:
        add(chosen)
    if kept is None:
        return await sign_in(visit, chosen, guard.relative_path(visit.field("next")))
    cookie = await _start(visit, chosen)
    visit.visitor = await find_visitor(visit.site, visit.request, cookie)
    return _with_session(visit.site, unsent.show(visit, kept, status=200), cookie)


def _unsent(visit: Visit) -> unsent.Unsent | None:
    """Return the form that was kept over the sign-in."""
    path = guard.relative_path(visit.field(unsent.PATH), "")
    return unsent.collect(visit, visit.form, path) if path and visit.form else None


async def _wrong_person(visit: Visit, kept: unsent.Unsent | None) -> Response:
    """Show the list again, with what was typed and what is wrong with it."""
    people = await ready_people(visit.site.directory)
    error = visit.text("Enter an id such as user_ama")
    if kept:
        return unsent.show(visit, kept, status=422, people=people, error=error)
    return visit.page(
        "sign_in.html",
        visit.text("Sign in"),
        status=422,
        wanted=guard.relative_path(visit.field("next")),
        people=people,
        error=error,
        other=visit.field("other"),
    )


async def _limit(visit: Visit) -> None:
    """Count an attempt to sign in per address; a whole class shares one."""
    address = visit.site.address(visit.request.scope)
    (await visit.site.limiter.hit(SIGN_IN, "ip", address)).enforce()


async def sign_in(visit: Visit, clerk_id: str, wanted: str) -> Response:
    """Start a session for a verified person, and go to the page that they wanted."""
    cookie = await _start(visit, clerk_id)
    return _with_session(visit.site, visit.go(wanted), cookie)


async def _start(visit: Visit, clerk_id: str) -> str:
    """Start a session for a verified person; return the value of its cookie."""
    site, request = visit.site, visit.request
    address = site.address(request.scope)
    (await site.limiter.hit(SIGN_IN_OF_USER, "user", clerk_id)).enforce()
    try:
        actor: Actor = await site.load_account(
            Claims(clerk_id, 0.0), ip=address, request_id=request.scope["state"]["request_id"]
        )
    except Unauthorized:
        raise Forbidden("This account does not exist any more") from None
    return await sessions.start(
        site.db,
        actor.user_id,
        user_agent=request.headers.get("user-agent", ""),
        replaces=request.cookies.get(site.cookie),
    )


def _with_session(site: Site, response: Response, cookie: str) -> Response:
    """Add the cookie of a new session to a response, which nothing may store."""
    _set_cookie(site, response, site.cookie, cookie, COOKIE_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def _set_cookie(site: Site, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )


def _forget_cookie(site: Site, response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=site.secure, httponly=True, samesite="lax")


def _state_cookie(site: Site) -> str:
    return f"{site.cookie}-sign-in"


async def ask_sign_out(visit: Visit) -> Response:
    """Show the button, for a browser that opens the address of the form."""
    return visit.page("sign_out.html", visit.text("Sign out"))


async def sign_out(visit: Visit) -> Response:
    """End the session, and erase what the browser stored."""
    cookie = visit.request.cookies.get(visit.site.cookie)
    if cookie:
        await sessions.end(visit.site.db, cookie)
    response = visit.go("/")
    _forget_cookie(visit.site, response, visit.site.cookie)
    response.headers["Clear-Site-Data"] = FORGET
    response.headers["Cache-Control"] = "no-store"
    return response


async def start_oidc(visit: Visit) -> Response:
    """Send the browser to the identity provider."""
    wanted = guard.relative_path(visit.request.query_params.get("next"))
    await _limit(visit)
    url, state = await oidc.begin(visit.site, wanted)
    response = visit.go(url)
    _set_cookie(visit.site, response, _state_cookie(visit.site), state, STATE_SECONDS)
    return response


async def finish_oidc(visit: Visit) -> Response:
    """Sign in with the code that the identity provider sent."""
    state = _state_cookie(visit.site)
    started = visit.request.cookies.get(state)
    person, wanted = await oidc.finish(visit.site, dict(visit.request.query_params), started)
    response = await sign_in(visit, await oidc.account_id(visit.site, person), wanted)
    _forget_cookie(visit.site, response, state)
    return response


def token_endpoint(site: Site) -> Any:
    """Return the endpoint that gives scripts a bearer token for the session.

    A page names its user. Another person may have signed in since, in another tab: a script must
    not write the first person's notes and progress into the second person's account.
    """

    async def session_token(request: Request) -> Response:
        request.scope["state"]["route"] = "/session/token"
        try:
            guard.require_same_origin(request.headers, site.origins(request))
            visitor = await find_visitor(site, request)
            if visitor.session is None:
                raise Unauthorized("missing")
            user = request.headers.get(PAGE_USER)
            if user is not None and user != visitor.signed_in.user_id:
                raise _other_person(visitor.session)
            made = await tokens.mint(site.keys, visitor.session, site.origin(request))
            return _json(200, msgspec.json.encode(made))
        except ApiError as problem:
            return _json(problem.status, envelope.error(problem))

    return session_token


def _other_person(session: Session) -> InvalidState:
    message = "Another person has signed in in this browser"
    return InvalidState("session", session.public_id, "of another user", ["of the user"], message)


def _json(status: int, body: bytes) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(body, status, headers, "application/json")
