"""The events that the server sends to webhooks, in the `webhooks` section of OpenAPI 3.1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from akako.dispatch.event_types import ALL, EventType
from akako.kernel.http.endpoint import JSON
from akako.kernel.openapi.schemas import Schema

HEADERS = {
    "webhook-id": "The id of the event, the same in each attempt. Use it to drop duplicates.",
    "webhook-timestamp": "When the request was signed, in epoch seconds.",
    "webhook-signature": "One `v1,` signature per valid secret, separated by spaces.",
}


# The types of `data`, each once.
TYPES: list[type[msgspec.Struct]] = list(dict.fromkeys(each.data for each in ALL))


def webhooks(schemas: Mapping[Any, Schema]) -> Schema:
    """Return the `webhooks` section. `schemas` holds the schema of each of TYPES."""
    return {each.name: {"post": _operation(each, schemas[each.data])} for each in ALL}


def _operation(event: EventType, data: Schema) -> Schema:
    body: Schema = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": event.name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": data,
        },
        "required": ["type", "timestamp", "data"],
    }
    return {
        "operationId": "On" + "".join(map(str.title, re.split(r"[._]", event.name))),
        "summary": event.description.rstrip("."),
        "description": "Signed as Standard Webhooks describe. Delivered at least once.",
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for header, text in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": body, "example": event.example}},
        },
        "responses": {
            "2XX": {"description": "Accepted. Any other response is tried again later."},
            "410": {"description": "The endpoint is disabled at once."},
        },
    }
