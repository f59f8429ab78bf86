"""The errors of each operation, and their description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from akako.kernel.core import envelope
from akako.kernel.core.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InternalError,
    NotFound,
    PayloadTooLarge,
    PlanRequired,
    PreconditionFailed,
    QuotaExceeded,
    RangeNotSatisfiable,
    RateLimited,
    RequestTimeout,
    ServiceUnavailable,
    Unauthorized,
    UnsupportedMediaType,
    UpstreamError,
    ValidationFailed,
)
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.openapi import headers
from akako.kernel.openapi.details import SAMPLES

MESSAGE = {"type": "string", "description": "For people; it can change."}
Errors = tuple[type[ApiError], ...]
Schema = dict[str, Any]

EXAMPLES = {type(problem): problem for problem, _ in SAMPLES}
DETAILS = {type(problem): details for problem, details in SAMPLES}

# What a declared status stands for where several errors share it.
DECLARED: Mapping[int, Errors] = {
    403: (Forbidden,),
    409: (Conflict,),
    422: (ValidationFailed,),
    429: (RateLimited,),
}


def possible(endpoint: Endpoint) -> list[type[ApiError]]:
    """Return all errors of the endpoint, by status."""
    return ordered({*_of_pipeline(endpoint), *_declared(endpoint), *endpoint.refusals})


def ordered(kinds: Iterable[type[ApiError]]) -> list[type[ApiError]]:
    """Return the errors by status; within one status, those of the kernel come first."""
    known = list(EXAMPLES)
    places = {kind: place for place, kind in enumerate(known)}
    return sorted(
        set(kinds), key=lambda kind: (kind.status, places.get(kind, len(known)), kind.code)
    )


def everywhere(endpoints: Iterable[Endpoint]) -> list[type[ApiError]]:
    """Return all errors of the API: those of the kernel, and those that endpoints add."""
    found = {*EXAMPLES}
    for each in endpoints:
        found.update(each.refusals, *(other.refusals for other in each.also))
    return ordered(found)


def sample(kind: type[ApiError]) -> ApiError:
    return EXAMPLES.get(kind) or kind()


def _of_pipeline(endpoint: Endpoint) -> Iterator[type[ApiError]]:
    """Yield the errors that the checks before the handler raise."""
    token = endpoint.access.token
    signed_in = token == "required"  # noqa: S105 - not a password
    asks = bool(endpoint.listing or endpoint.query)
    raised = {
        InternalError: True,
        RateLimited: not endpoint.exempt,
        ServiceUnavailable: not endpoint.exempt,
        QuotaExceeded: headers.counts_calls(endpoint),
        Unauthorized: token in ("required", "checked", "link"),
        Forbidden: signed_in,
        PlanRequired: bool(endpoint.access.plans),
        # The caller's account may have to be fetched from the identity provider first.
        UpstreamError: signed_in,
        Conflict: signed_in,
        BadRequest: endpoint.writes or asks,
        NotFound: bool(endpoint.path_params),
        RequestTimeout: endpoint.media is not None,
        PayloadTooLarge: endpoint.media is not None,
        UnsupportedMediaType: endpoint.media is not None,
        PreconditionFailed: headers.is_guarded(endpoint),
        RangeNotSatisfiable: headers.is_file(endpoint),
        ValidationFailed: bool(endpoint.body or endpoint.form or asks),
        IdempotencyInProgress: headers.replays(endpoint),
        IdempotencyKeyReused: headers.replays(endpoint),
    }
    return (kind for kind, possible in raised.items() if possible)


def _declared(endpoint: Endpoint) -> Iterator[type[ApiError]]:
    for status in endpoint.errors:
        kinds = DECLARED.get(status) or [kind for kind in EXAMPLES if kind.status == status]
        if status < 400:
            continue
        yield from kinds


def by_status(kinds: Iterable[type[ApiError]]) -> dict[int, Errors]:
    grouped: dict[int, Errors] = {}
    for kind in kinds:
        grouped[kind.status] = (*grouped.get(kind.status, ()), kind)
    return grouped


def response_name(kinds: Errors) -> str:
    return "Or".join(kind.__name__ for kind in kinds)


def responses(kinds_of: Iterable[Iterable[type[ApiError]]]) -> dict[str, Schema]:
    """Return the error responses that operations share, by name."""
    found = {response_name(k): k for kinds in kinds_of for k in by_status(kinds).values()}
    return {name: response(found[name]) for name in sorted(found)}


def response(kinds: Errors, *, limited: bool = True) -> Schema:
    """Describe one status with all its error codes."""
    bodies = {
        kind.code: {"value": msgspec.json.decode(envelope.error(sample(kind)))} for kind in kinds
    }
    return {
        "description": "; ".join(kind.default for kind in kinds),
        "headers": {**headers.common(limited=limited), **_special_headers(kinds)},
        "content": {"application/json": {"schema": _any_of(kinds), "examples": bodies}},
    }


def _special_headers(kinds: Errors) -> Schema:
    names = dict.fromkeys(name for kind in kinds for name in sample(kind).headers)
    return headers.refer(*(name for name in names if name in headers.SHARED))


def _any_of(kinds: Errors) -> Schema:
    references = {kind.code: f"#/components/schemas/{schema_name(kind)}" for kind in kinds}
    schemas = [{"$ref": reference} for reference in references.values()]
    if len(schemas) == 1:
        return schemas[0]
    return {
        "oneOf": schemas,
        "discriminator": {"propertyName": "code", "mapping": references},
    }


def schema_name(kind: type[ApiError]) -> str:
    return kind.__name__.removesuffix("Error") + "Error"


def schemas(
    kinds: Iterable[type[ApiError]],
    known: Iterable[type[ApiError]],
    details: Mapping[Any, Schema],
) -> dict[str, Schema]:
    """Return the schemas of these errors. `known` are all errors of the API.

    `details` are the schemas of the types in `DETAILS`.
    """
    codes = [kind.code for kind in known]
    properties = {
        "success": {"type": "boolean", "const": False},
        "error": MESSAGE,
        "code": {
            "type": "string",
            "enum": codes,
            "description": "For programs; it does not change.",
        },
        "details": {"type": "object"},
    }
    body = {"type": "object", "properties": properties, "required": list(properties)}
    return {"Error": body, **{schema_name(kind): _body(kind, details) for kind in kinds}}


def _body(kind: type[ApiError], details: Mapping[Any, Schema]) -> Schema:
    """Return the schema of one error: a plain object.

    Generators of clients cannot combine `Error`, whose code is an enum, with a constant code.
    """
    model = DETAILS.get(kind)
    properties = {
        "success": {"type": "boolean", "const": False},
        "error": MESSAGE,
        "code": {"type": "string", "const": kind.code},
        "details": details[model] if model else {"type": "object"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def table(known: Iterable[type[ApiError]]) -> str:
    """Return the errors as rows of a Markdown table."""
    rows = (f"| {kind.status} | `{kind.code}` | {kind.default} |" for kind in known)
    return "\n".join(rows)


def details_of(kinds: Sequence[type[ApiError]]) -> list[type[msgspec.Struct]]:
    return [model for kind in kinds if (model := DETAILS.get(kind)) is not None]
