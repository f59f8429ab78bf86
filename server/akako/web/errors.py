"""Pages for errors: what happened, what was kept, what to do, and the id of the request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

import asyncpg
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from akako.kernel.core.errors import (
    ApiError,
    BadRequest,
    InternalError,
    NotFound,
    ServiceUnavailable,
)
from akako.kernel.db.database import AWAY, RETRYABLE, unavailable
from akako.web.texts import wording

log = structlog.get_logger(__name__)

SAFE = {"GET", "HEAD"}
NOTHING_CHANGED = "Nothing was changed."
KEPT = "Your progress and your notes are kept."


class Words(NamedTuple):
    """What happened, what was kept, and what the reader can do."""

    title: str
    kept: str
    advice: str


TITLES = {
    400: Words(
        "This request cannot be read", NOTHING_CHANGED, "Go back, reload the page and try again."
    ),
    403: Words(
        "This page is not for you",
        NOTHING_CHANGED,
        "Go back, or ask an administrator of your school for access.",
    ),
    404: Words(
        "Page not found",
        KEPT,
        "The address may be wrong, or the page was removed. Search the school, or go back.",
    ),
    405: Words(
        "This address takes forms only", NOTHING_CHANGED, "Go back and use the button of the page."
    ),
    409: Words(
        "Something changed in the meantime",
        NOTHING_CHANGED,
        "Go back, reload the page and look at its new state.",
    ),
    413: Words(
        "This is too large",
        "Nothing was stored.",
        "Go back, and choose a smaller file or write a shorter text.",
    ),
    422: Words("Check what you entered", NOTHING_CHANGED, "Go back and correct it."),
    429: Words("Too many requests", KEPT, "Wait until the time is over, then try again."),
    500: Words(
        "Something went wrong",
        KEPT,
        "Try again in a minute. Report the request id if it happens again.",
    ),
    503: Words("The school is busy", KEPT, "Try again in a minute."),
}

SIGN_IN_PATH = "/auth/callback"
SIGN_IN = Words(
    "You could not be signed in",
    NOTHING_CHANGED,
    "Sign in again. The browser must accept cookies of this address.",
)


class Visit(Protocol):
    """The request that failed."""

    request: Request

    def text(self, text: str, **values: object) -> str: ...

    def page(self, template: str, title: str, *, status: int, **values: Any) -> Response: ...

    @property
    def language(self) -> str: ...


def page(visit: Visit, problem: ApiError) -> Response:
    """Return the page of an error with its status and headers."""
    words = TITLES.get(problem.status, TITLES[500])
    request = visit.request
    if problem.status == 403 and request.url.path == SIGN_IN_PATH:
        words = SIGN_IN
    again = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    response = visit.page(
        "error.html",
        visit.text(words.title),
        status=problem.status,
        kept=visit.text(words.kept),
        advice=visit.text(words.advice),
        reason=_reason(visit, problem),
        request_id=request.scope["state"]["request_id"],
        wait=problem.headers.get("Retry-After"),
        again=again if request.method in SAFE and problem.status in {429, 500, 503} else None,
        searches=problem.status == 404,
    )
    for name, value in _plain(problem.headers).items():
        response.headers[name] = value
    return response


def _reason(visit: Visit, problem: ApiError) -> str:
    """Return what the server refused, in the reader's language where it is in the catalogue."""
    if problem.status == 413:
        limit = (problem.details or {}).get("limitBytes")
        shown = wording.size_limit(int(limit), visit.language) if limit else ""
        return visit.text("The limit is %(limit)s.", limit=shown) if shown else ""
    if problem.status == 422:
        return visit.text(str((problem.details or {}).get("message", problem.message)))
    return visit.text(problem.message) if problem.status in {403, 409} else ""


async def or_page(visit: Visit, work: Callable[[], Awaitable[Any]]) -> Any:
    """Return the response of `work`, or the page of the error that it raised."""
    request_id = visit.request.scope["state"]["request_id"]
    problem: ApiError
    try:
        return await work()
    except ApiError as error:
        problem = error
    except HTTPException:  # a form that cannot be read
        problem = BadRequest("malformed_request")
    except AWAY as error:
        problem = unavailable(error)
    except asyncpg.CharacterNotInRepertoireError:  # NUL, which no stored text has
        problem = NotFound() if visit.request.method in SAFE else BadRequest("malformed_request")
    except RETRYABLE:
        problem = ServiceUnavailable()
    except Exception:
        log.exception("page_crashed", request_id=request_id, route=visit.request.scope["path"])
        problem = InternalError(request_id)
    return page(visit, problem)


def _plain(headers: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(headers).items()}
