"""The events that the server sends to webhooks, in the `webhooks` section of OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from akako.kernel.http.endpoint import JSON
from akako.kernel.openapi.schemas import Models, Schema

# Description, example of the body, and the type of `data`.
Described = tuple[str, dict[str, Any], type[msgspec.Struct]]

HEADERS = {
    "webhook-id": "The id of the event, the same in each attempt. Use it to drop duplicates.",
    "webhook-timestamp": "When the request was signed, in epoch seconds.",
    "webhook-signature": "One `v1,` signature per valid secret, separated by spaces.",
}


def models(webhooks: Mapping[str, Described]) -> list[type[msgspec.Struct]]:
    """Return the types of `data`, each once."""
    return list(dict.fromkeys(data for _, _, data in webhooks.values()))


def described(webhooks: Mapping[str, Described], models: Models) -> Schema:
    return {name: {"post": _operation(name, each, models)} for name, each in webhooks.items()}


def _operation(name: str, event: Described, models: Models) -> Schema:
    description, example, data = event
    body: Schema = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": models.of[data],
        },
        "required": ["type", "timestamp", "data"],
    }
    return {
        "operationId": f"on {name}".title().replace(" ", "").replace(".", "").replace("_", ""),
        "summary": description.rstrip("."),
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
            "content": {JSON: {"schema": body, "example": example}},
        },
        "responses": {
            "2XX": {"description": "Accepted. Any other response is tried again later."},
            "410": {"description": "The endpoint is disabled at once."},
        },
    }
