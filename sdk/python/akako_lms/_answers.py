"""Read responses: the envelope of the API, or anything else that a server or proxy sends."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import httpx2

from akako_lms import _retry
from akako_lms._wire import Model
from akako_lms.errors import NO_ANSWER, REDIRECTED, UNREADABLE, AkakoError, failure

M = TypeVar("M", bound=Model)
NAMED = (
    *("id", "field", "value", "message", "reason", "allowedExtensions"),
    *("current", "expected", "plan", "required", "user_roles"),
)
ROLES = ("required", "user_roles")  # no cause where there is a reason
MAX_SHOWN = 200  # characters of a detail in a message


def read_as(model: type[M], data: Any, etag: str | None = None) -> M:
    try:
        return model.from_dict(data, etag=etag)
    except (AttributeError, TypeError, ValueError) as error:
        raise failure(200, UNREADABLE, f"The answer is not a {model.__name__}") from error


def envelope(response: httpx2.Response) -> dict[str, Any]:
    """The body of a success; an AkakoError if it is anything else than the API's own."""
    body = _object(response)
    if body.get("success") is not True or "data" not in body:
        raise unreadable(response)
    return body


def no_answer(error: httpx2.HTTPError, code: str = NO_ANSWER) -> AkakoError:
    """Return the error of a failed connection. Its message names the address and the cause."""
    cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    problem = failure(0, code, f"No answer{_address(error)}: {cause}")
    problem.__cause__ = error
    return problem


def _address(error: httpx2.HTTPError) -> str:
    try:
        url = error.request.url
    except RuntimeError:  # the error has no request
        return ""
    return f" from {url.copy_with(query=None)}"


def refusal(response: httpx2.Response) -> AkakoError:
    """Return the error of a response."""
    problem = _described_error(response) or unreadable(response)
    problem.retry_after = _retry.retry_after(response.headers.get("retry-after", ""))
    return problem


def _described_error(response: httpx2.Response) -> AkakoError | None:
    status, request_id = response.status_code, response.headers.get("x-request-id")
    if response.is_redirect:
        return failure(status, REDIRECTED, "Redirects are not followed", None, request_id)
    body = _object(response)
    if not isinstance(body.get("code"), str):
        return None
    details = body.get("details")
    known = details if isinstance(details, dict) else {}
    message = str(body.get("error")) + described(known)
    if status == 404 and not known:  # the path is unknown, not an object
        message += _hint(response)
    return failure(status, body["code"], message, known, request_id)


def _hint(response: httpx2.Response) -> str:
    """Return what to check if the request went past `/api`."""
    path = response.request.url.path
    return "" if "/api/" in path else f". Does base_url lack /api? The request was for {path}"


def described(details: dict[str, Any]) -> str:
    """Return the details that name the cause of an error, as the end of its message."""
    names = [name for name in NAMED if name in details]
    if "reason" in names:
        names = [name for name in names if name not in ROLES]
    shown = [f"{name}: {_shown(details[name])}" for name in names]
    errors = details.get("errors")
    more = f"; {len(errors)} errors" if isinstance(errors, list) and len(errors) > 1 else ""
    return f" ({', '.join(shown)}{more})" if shown else ""


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def unreadable(response: httpx2.Response) -> AkakoError:
    kind = response.headers.get("content-type", "no content type")
    message = f"The answer is not the API's: {kind}{_hint(response)}"
    request_id = response.headers.get("x-request-id")
    return failure(response.status_code, UNREADABLE, message, None, request_id)
