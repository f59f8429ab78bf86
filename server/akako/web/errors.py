"""Pages for errors: what happened, what was kept, what to do, and the id of the request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from akako.kernel.core.errors import ApiError, BadRequest, InternalError, ServiceUnavailable
from akako.kernel.db.database import AWAY, RETRYABLE, unavailable

log = structlog.get_logger(__name__)

TITLES = {
    400: ("This request cannot be read", "Go back and try again."),
    403: ("This page is not for you", "Ask an administrator of your school for access."),
    404: ("Page not found", "The address may be wrong, or the page was removed."),
    405: ("This address takes forms only", "Go back and use the button of the page."),
    409: ("Something changed in the meantime", "Go back, reload the page and try again."),
    413: ("The file is too large", "Choose a smaller file."),
    422: ("Check what you entered", "Go back and correct it. Nothing was changed."),
    429: ("Too many requests", "Wait a moment, then try again."),
    500: ("Something went wrong", "Nothing was changed. Try again in a minute."),
    503: ("The school is busy", "Nothing was changed. Try again in a minute."),
}


class Visit(Protocol):
    """The request that failed."""

    request: Request

    def text(self, text: str) -> str: ...

    def page(self, template: str, title: str, *, status: int, **values: Any) -> Response: ...


def page(visit: Visit, problem: ApiError) -> Response:
    """Return the page of an error with its status and headers."""
    title, advice = TITLES.get(problem.status, TITLES[500])
    response = visit.page(
        "error.html",
        visit.text(title),
        status=problem.status,
        advice=visit.text(advice),
        reason=problem.message if problem.status in {403, 409, 413, 422} else "",
        request_id=visit.request.scope["state"]["request_id"],
        wait=problem.headers.get("Retry-After"),
    )
    for name, value in _plain(problem.headers).items():
        response.headers[name] = value
    return response


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
    except RETRYABLE:
        problem = ServiceUnavailable()
    except Exception:
        log.exception("page_crashed", request_id=request_id, route=visit.request.scope["path"])
        problem = InternalError(request_id)
    return page(visit, problem)


def _plain(headers: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(headers).items()}
