"""Reading answers: the API's own envelope, or whatever else came."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import httpx2

from akako_lms import _retry
from akako_lms._wire import Model
from akako_lms.errors import NO_ANSWER, REDIRECTED, UNREADABLE, AkakoError, failure

M = TypeVar("M", bound=Model)


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
    problem = failure(0, code, f"No answer: {type(error).__name__}")
    problem.__cause__ = error
    return problem


def refusal(response: httpx2.Response) -> AkakoError:
    """The error that an answer stands for."""
    problem = _told(response) or unreadable(response)
    problem.retry_after = _retry.retry_after(response.headers.get("retry-after", ""))
    return problem


def _told(response: httpx2.Response) -> AkakoError | None:
    status, request_id = response.status_code, response.headers.get("x-request-id")
    if response.is_redirect:
        return failure(status, REDIRECTED, "Redirects are not followed", None, request_id)
    body = _object(response)
    if not isinstance(body.get("code"), str):
        return None
    details = body.get("details")
    known = details if isinstance(details, dict) else {}
    return failure(status, body["code"], str(body.get("error")), known, request_id)


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def unreadable(response: httpx2.Response) -> AkakoError:
    kind = response.headers.get("content-type", "no content type")
    message = f"The answer is not the API's: {kind}"
    request_id = response.headers.get("x-request-id")
    return failure(response.status_code, UNREADABLE, message, None, request_id)
