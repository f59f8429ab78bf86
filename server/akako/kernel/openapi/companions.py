"""Describe HEAD and OPTIONS, where clients of a protocol depend on them."""

from __future__ import annotations

import msgspec

from akako.kernel.core.errors import InternalError
from akako.kernel.http.endpoint import JSON, Also, Endpoint
from akako.kernel.openapi import failures, headers, operations
from akako.kernel.openapi.parameters import camel
from akako.kernel.openapi.schemas import Models, Schema

ANSWER: Schema = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean", "const": True},
        "data": {
            "type": "object",
            "properties": {"methods": {"type": "array", "items": {"type": "string"}}},
            "required": ["methods"],
        },
        "message": {"type": "string"},
    },
    "required": ["success", "data", "message"],
}


def operation(endpoint: Endpoint, other: Also, models: Models) -> Schema:
    if other.method == "HEAD":
        return _head(endpoint, other, models)
    return _options(endpoint, other)


def _head(endpoint: Endpoint, other: Also, models: Models) -> Schema:
    """Describe the responses of GET, without bodies."""
    asked = msgspec.structs.replace(
        endpoint,
        refusals=(*endpoint.refusals, *other.refusals),
        headers={**endpoint.headers, **other.asks},
    )
    described = operations.operation(asked, models)
    answers = operations.answers(asked, models)
    for status, kinds in failures.by_status(failures.possible(asked)).items():
        answers[status] = failures.response(kinds, limited=True)
    bare = {
        str(status): {name: part for name, part in answers[status].items() if name != "content"}
        for status in sorted(answers)
    }
    return {**described, **_named(other), "responses": bare}


def _options(endpoint: Endpoint, other: Also) -> Schema:
    known = {**headers.common(limited=False), **headers.refer("Allow", *other.headers)}
    return {
        **_named(other),
        "tags": [endpoint.tag.name] if endpoint.tag else [],
        "description": operations.WHO["ignored"],
        "security": [],
        "x-roles": [],
        "responses": {
            "200": {
                "description": "OK",
                "headers": known,
                "content": {JSON: {"schema": ANSWER}},
            },
            "500": failures.response((InternalError,), limited=False),
        },
    }


def _named(other: Also) -> Schema:
    return {"operationId": camel(other.name), "summary": other.summary}
