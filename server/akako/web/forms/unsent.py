"""Forms whose session has ended or changed: what was typed is shown, and sent after sign-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akako.kernel.core.ports import Directory
from akako.web import guard
from akako.web.forms.ready_people import ready_people
from akako.web.visitor import Visitor

MAX_BYTES = 1024 * 1024
MAX_FIELDS = 1_000
MAX_FILES = 50
# The path to which the form is sent, and the person to sign in as, in the form of the page.
PATH, PERSON, OTHER = "unsent_path", "unsent_person", "unsent_other"
OWN = {guard.FORM_TOKEN, PATH, PERSON, OTHER}
# Fields in which people write, with their labels. All other fields are sent unseen.
LABELS = {
    "message": "Message to the school",
    "motivation": "Why do you want to teach?",
    "qualifications": "Qualifications",
    "experience": "Experience",
    "content": "Text",
    "text": "Text",
    "title": "Title",
    "name": "Name",
    "names": "Names",
    "description": "Description",
    "note": "Note",
    "reason": "Reason",
    "url": "URL",
    "first_name": "First name",
    "last_name": "Last name",
}


class Written(msgspec.Struct, kw_only=True):
    """A field in which a person wrote."""

    name: str
    label: str
    value: str


class Unsent(msgspec.Struct, kw_only=True):
    """A form that was not accepted: its path, what was typed, and its other fields."""

    path: str
    written: list[Written]
    hidden: list[tuple[str, str]]
    files: bool = False  # whether files must be chosen again
    encoding: str  # the media type in which the form is sent


class Site(Protocol):
    """What the page needs to know of the web app."""

    directory: Directory | None

    @property
    def lists_people(self) -> bool: ...

    @property
    def cookie(self) -> str: ...

    def origin(self, request: Request) -> str: ...


class Visit(Protocol):
    """The request with the form."""

    request: Request
    visitor: Visitor
    form: FormData | None
    path: str

    @property
    def site(self) -> Site: ...

    def text(self, text: str, **values: object) -> str: ...

    def page(self, template: str, title: str, *, status: int, **values: Any) -> Response: ...


async def ask_to_sign_in(visit: Visit, count: Callable[[], Awaitable[None]]) -> Response:
    """Show what was typed into a form whose session has ended, or go to the sign-in page.

    Args:
        count: Counts the form against the limit of pages; it raises where that is reached.
    """
    site, request = visit.site, visit.request
    if request.method != "POST":
        query = f"?{request.url.query}" if request.url.query else ""
        return to_sign_in(f"{request.url.path}{query}", refused=_refuses_cookies(visit))
    await count()
    form = await read(visit) if _had_session(visit) else None
    if form is not None:
        found = collect(visit, form, request.url.path)
        if found.written:
            people = await ready_people(site.directory) if site.lists_people else None
            return show(visit, found, status=401, people=people)
    came_from = request.headers.get("referer", "").removeprefix(site.origin(request))
    return to_sign_in(guard.relative_path(came_from))


def _had_session(visit: Visit) -> bool:
    """Return whether a form has the cookie of a session, or was sent by a browser.

    Programs that never had a session are sent to the sign-in page.
    """
    request = visit.request
    return visit.site.cookie in request.cookies or (
        request.headers.get("sec-fetch-mode") == "navigate"
    )


def _refuses_cookies(visit: Visit) -> bool:
    """Return whether a browser comes from the sign-in page without the cookie of its session.

    All pages that the sign-in page links to are public.
    """
    came_from = visit.request.headers.get("referer", "")
    signed_in = came_from.startswith(f"{visit.site.origin(visit.request)}/sign-in")
    return signed_in and visit.site.cookie not in visit.request.cookies


def to_sign_in(wanted: str, *, refused: bool = False) -> Response:
    """Return the redirect to the sign-in page, with the way back."""
    cookies = "&cookies=refused" if refused else ""
    return RedirectResponse(f"/sign-in?next={quote(wanted)}{cookies}", 303)


def ask_again(visit: Visit) -> Response:
    """Show what was typed into a form of another session, such as of the person before.

    Only a browser that names its origin gets the page: the form came from a page of this server.

    Raises:
        OutdatedForm: Nothing was typed.
    """
    if visit.form is not None and "origin" in visit.request.headers:
        found = collect(visit, visit.form, visit.path)
        if found.written:
            return show(visit, found, status=403)
    raise guard.OutdatedForm("The form is outdated: open the page again")


async def read(visit: Visit) -> FormData | None:
    """Return the form of a request, without the content of files; None if it cannot be shown."""
    length = visit.request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_BYTES:
        return None
    try:
        return await visit.request.form(
            max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_BYTES
        )
    except HTTPException:
        return None


def collect(visit: Visit, form: FormData, path: str) -> Unsent:
    """Return the fields of a form. Texts are shown, everything else is hidden."""
    fields = [(name, value) for name, value in form.multi_items() if name not in OWN]
    texts = [(name, value) for name, value in fields if isinstance(value, str)]
    return Unsent(
        path=path,
        written=[
            Written(name=name, label=visit.text(LABELS[name]), value=value)
            for name, value in texts
            if name in LABELS and value.strip()
        ],
        hidden=[(name, value) for name, value in texts if name not in LABELS or not value.strip()],
        files=any(getattr(value, "filename", "") for _, value in fields),
        encoding=visit.request.headers.get("content-type", "").partition(";")[0],
    )


def show(
    visit: Visit,
    unsent: Unsent,
    *,
    status: int,
    people: list[dict[str, str]] | None = None,
    error: str = "",
) -> Response:
    """Return the page that shows an unsent form.

    Args:
        people: Who can sign in on a development server; None where the provider asks.
        error: What is wrong with the id of another person.
    """
    signed_in = visit.visitor.actor is not None
    title = visit.text("Send what you wrote") if signed_in else visit.text("Sign in to send this")
    request_id = visit.request.scope["state"]["request_id"] if status >= 400 else ""
    values = {"unsent": unsent, "people": people, "error": error, "request_id": request_id}
    response = visit.page("unsent.html", title, status=status, **values)
    response.headers["Cache-Control"] = "no-store"
    return response
