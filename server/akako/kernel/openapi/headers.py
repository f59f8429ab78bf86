"""The headers of responses, and the responses that have each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from akako.kernel.http.endpoint import Endpoint

Headers = dict[str, Any]


def _header(description: str, schema: dict[str, Any], *, always: bool = False) -> Headers:
    required = {"required": True} if always else {}
    return {"description": description, **required, "schema": schema}


def constant(value: str) -> dict[str, Any]:
    """Return the schema of a header with one value. Generators do not accept `const` in headers."""
    return {"type": "string", "enum": [value]}


COUNT = {"type": "integer", "minimum": 0}
MOMENT = {"type": "integer", "examples": [1640995200]}
TEXT = {"type": "string"}
QUOTA = {"type": "string", "pattern": "^([0-9]+|unlimited)$"}

SHARED: Headers = {
    "X-Request-Id": _header(
        "Identifies the request in the server's log. A valid id in the request is reused.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        always=True,
    ),
    "X-RateLimit-Limit": _header("Requests allowed in the window.", COUNT, always=True),
    "X-RateLimit-Remaining": _header("Requests left in the window.", COUNT, always=True),
    "X-RateLimit-Reset": _header(
        "When the next request is allowed, in epoch seconds.", MOMENT, always=True
    ),
    "X-Quota-Limit": _header("API calls of the plan in this month, or `unlimited`.", QUOTA),
    "X-Quota-Remaining": _header("API calls left in this month.", COUNT),
    "X-Quota-Reset": _header("When the next month begins, in epoch seconds.", MOMENT),
    "X-Upload-Quota-Limit": _header("Uploads of the plan in this month, or `unlimited`.", QUOTA),
    "X-Upload-Quota-Remaining": _header("Uploads left in this month.", COUNT),
    "X-Upload-Quota-Reset": _header("When the next month begins, in epoch seconds.", MOMENT),
    "Retry-After": _header("Seconds to wait.", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": _header("How to sign in.", constant("Bearer"), always=True),
    "Location": _header(
        "The address of the new object.", {"type": "string", "format": "uri-reference"}, always=True
    ),
    "ETag": _header("The version of the returned object.", TEXT),
    "Allow": _header("The methods of this path.", TEXT, always=True),
    "Link": _header('The following page, `rel="next"`, if there is one.', TEXT),
    "Idempotent-Replayed": _header(
        "Present if this is the stored response to an earlier request.", constant("true")
    ),
    "Accept-Ranges": _header("Range requests are supported.", constant("bytes")),
    "Content-Range": _header("The range of the file in this response.", TEXT, always=True),
    "Content-Disposition": _header("The file's name.", TEXT),
    "Last-Modified": _header("When the file was stored.", TEXT),
}


def of_protocols(endpoints: Iterable[Endpoint]) -> Headers:
    """Describe the headers that only some endpoints send."""
    found: Headers = {}
    for each in endpoints:
        found |= each.success_headers
        for other in each.also:
            found |= other.headers
    return found


def refer(*names: str) -> Headers:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def common(*, limited: bool) -> Headers:
    """Return the headers of every response of an endpoint."""
    rate = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset") if limited else ()
    return refer("X-Request-Id", *rate)


def counts_calls(endpoint: Endpoint) -> bool:
    """Return whether a request with a token counts against the monthly quota."""
    return endpoint.metered and endpoint.access.token in ("required", "optional", "link")


def replays(endpoint: Endpoint) -> bool:
    """Return whether the endpoint honours an idempotency key, which belongs to a caller."""
    # The handler of a form compares the key itself: the files are part of the fingerprint.
    return bool(endpoint.replays or endpoint.form) and endpoint.access.token == "required"  # noqa: S105


def successes(endpoint: Endpoint) -> list[int]:
    """Return the success statuses of an endpoint."""
    return [status for status in (*endpoint.status, *endpoint.errors) if status < 300]


def is_file(endpoint: Endpoint) -> bool:
    """Return whether the endpoint supports range requests."""
    return 206 in successes(endpoint)


def is_guarded(endpoint: Endpoint) -> bool:
    """Return whether the endpoint honours `If-Match`."""
    return endpoint.merges or 412 in endpoint.errors


def is_conditional(endpoint: Endpoint) -> bool:
    """Return whether a response may be 304."""
    if endpoint.writes or endpoint.exempt:
        return False
    return is_file(endpoint) or endpoint.kind == "ok" or endpoint.access.token == "optional"  # noqa: S105


def of_success(endpoint: Endpoint, status: int) -> Headers:
    names = []
    if counts_calls(endpoint):
        names += ["X-Quota-Limit", "X-Quota-Remaining", "X-Quota-Reset"]
    if endpoint.bucket.name == "upload":
        names += ["X-Upload-Quota-Limit", "X-Upload-Quota-Remaining", "X-Upload-Quota-Reset"]
    if status == 201:
        names.append("Location")
    if is_conditional(endpoint) or endpoint.kind == "created" or is_guarded(endpoint):
        names.append("ETag")
    if endpoint.kind == "listed":
        names.append("Link")
    if replays(endpoint):
        names.append("Idempotent-Replayed")
    if is_file(endpoint):
        names += ["Accept-Ranges", "Content-Disposition", "Last-Modified"]
    if status == 206:
        names.append("Content-Range")
    names += endpoint.success_headers
    return {**common(limited=not endpoint.exempt), **refer(*names)}
