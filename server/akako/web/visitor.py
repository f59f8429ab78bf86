"""The visitor of a page: the session, the account behind it, and the language."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from akako.kernel.core.access import Actor
from akako.kernel.core.errors import Unauthorized
from akako.web import languages
from akako.web.sessions.queries import Session


class Visitor(msgspec.Struct, kw_only=True):
    """The person who requests a page; without a session they are anonymous."""

    session: Session | None = None
    actor: Actor | None = None
    language: str = "en"
    saves_data: bool = False  # loads nothing before it is asked for

    @property
    def unread(self) -> int:
        """Return the number of unread notifications."""
        return self.session.unread if self.session else 0

    @property
    def form_token(self) -> str:
        return self.session.form_token if self.session else ""

    @property
    def signed_in(self) -> Actor:
        """Return the account. Only for pages that require a session."""
        if self.actor is None:
            raise Unauthorized("missing")
        return self.actor


def anonymous(request: Request) -> Visitor:
    """Return the visitor without account: language and data saver are choices of the browser."""
    accepted = request.headers.get("accept-language", "")
    return Visitor(
        language=languages.negotiate(request.cookies.get("language"), accepted),
        saves_data=request.cookies.get("data-saver") == "1"
        or request.headers.get("save-data") == "on",
    )
