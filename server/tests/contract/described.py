"""Looking things up in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from akako import rooms
from akako.dispatch import openapi as events
from akako.kernel.core.errors import ApiError
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.openapi import document
from akako.kernel.openapi.operations import path_of

Json = dict[str, Any]

ENDPOINTS = rooms.endpoints()
DESCRIBED = [each for each in ENDPOINTS if not each.hidden]
DOCUMENT = document(ENDPOINTS, types=events.TYPES, webhooks=events.webhooks)


def named(name: str) -> Endpoint:
    return next(each for each in ENDPOINTS if each.name == name)


def kinds(above: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """All errors that the assembled server can answer with."""
    for each in above.__subclasses__():
        if above is ApiError or each.code != above.code:
            yield each
        yield from kinds(each)


def operation(endpoint: Endpoint, described: Json = DOCUMENT) -> Json:
    found: Json = described["paths"][path_of(endpoint)][endpoint.method.lower()]
    return found


def resolve(value: Json, described: Json = DOCUMENT) -> Json:
    if "$ref" not in value:
        return value
    for part in value["$ref"].removeprefix("#/").split("/"):
        described = described[part]
    return described


def statuses(endpoint: Endpoint, described: Json = DOCUMENT) -> set[str]:
    return set(operation(endpoint, described)["responses"])


def headers(endpoint: Endpoint, status: int, described: Json = DOCUMENT) -> set[str]:
    answer = operation(endpoint, described)["responses"][str(status)]
    return set(resolve(answer, described)["headers"])


def codes(endpoint: Endpoint, status: int, described: Json = DOCUMENT) -> set[str]:
    answer = resolve(operation(endpoint, described)["responses"][str(status)], described)
    return set(answer["content"]["application/json"]["examples"])


def parameter_names(endpoint: Endpoint, described: Json = DOCUMENT) -> list[str]:
    parameters = operation(endpoint, described).get("parameters", [])
    return [resolve(each, described)["name"] for each in parameters]


def body(endpoint: Endpoint) -> Json:
    """The media type object of the request body."""
    (found,) = operation(endpoint)["requestBody"]["content"].values()
    return dict(found)


def media_types() -> Iterator[Json]:
    """Every media type object of the document."""
    holders = list(DOCUMENT["components"]["responses"].values())
    for each in map(operation, DESCRIBED):
        holders += [each.get("requestBody", {}), *each["responses"].values()]
    for holder in holders:
        yield from holder.get("content", {}).values()


def faults(instance: object, schema: Json, described: Json = DOCUMENT) -> list[str]:
    """What keeps the instance from being valid against a schema of the document."""
    whole = {**schema, "components": described["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(instance)]
