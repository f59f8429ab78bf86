"""Whether requests and answers are as openapi.json promises: every test that asks a server asks it.

Compiled validators are kept, so that a check costs a fraction of the request itself.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs

Json = dict[str, Any]

DOCUMENT: Json = json.loads(
    (Path(__file__).parents[3] / "contract" / "openapi.json").read_text(encoding="utf-8")
)
JSON = "application/json"
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
# For the server's operators and browsers, not described.
HIDDEN = re.compile(r"/metrics|/openapi\.json|/docs(/.*)?")
# Answered before any operation is found.
EDGE = {400, 404, 414, 429, 431, 503}


def resolved(value: Json) -> Json:
    found: Json = DOCUMENT
    if "$ref" not in value:
        return value
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


@functools.cache
def _paths() -> list[tuple[re.Pattern[str], Json]]:
    """Those without parameters first, as a router has them."""
    patterns = sorted(DOCUMENT["paths"].items(), key=lambda each: each[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item) for path, item in patterns]


@functools.lru_cache(maxsize=10_000)
def _item(path: str) -> Json | None:
    return next((item for pattern, item in _paths() if pattern.fullmatch(path)), None)


# By the identity of a schema in the document, which stays where it is.
_validators: dict[int, jsonschema_rs.Draft202012Validator] = {}


def _validator(schema: Json) -> jsonschema_rs.Draft202012Validator:
    key = id(schema)
    if key not in _validators:
        whole = {**schema, "components": DOCUMENT["components"]}
        _validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return _validators[key]


def _schema_faults(schema: Json, value: object) -> Iterator[str]:
    for error in _validator(schema).iter_errors(value):
        where = "/".join(map(str, error.instance_path))
        yield f"{where or 'body'}: {error.message[:500]}"


def faults(response: httpx2.Response, *, unpromised: bool = False) -> list[str]:
    """What of the answer, and unless `unpromised` of the request, the document does not say."""
    request = response.request
    path, method, status = request.url.path, request.method, response.status_code
    item = _item(path)
    if item is None:
        fine = HIDDEN.fullmatch(path) or status in EDGE or method == "OPTIONS"
        return [] if fine else ["nothing is described at this path"]
    operation = item.get(method.lower())
    if operation is None and method == "HEAD":
        operation = item.get("get")
    if operation is None:
        return [] if status == 405 or method == "OPTIONS" else [f"{method} is not described"]
    found = [*_of_answer(operation, response)]
    return found if unpromised else [*found, *_of_request(operation, response)]


def _of_answer(operation: Json, response: httpx2.Response) -> Iterator[str]:
    described = operation["responses"].get(str(response.status_code))
    if described is None:
        if response.status_code not in (414, 431):
            yield f"the status {response.status_code} is not described"
        return
    described = resolved(described)
    yield from _header_faults(described.get("headers", {}), response.headers)
    if response.request.method == "HEAD":
        return
    content = described.get("content", {})
    if not content:
        if response.content:
            yield "a body that is not described"
    elif response.headers.get("content-type") == "text/csv; charset=utf-8":
        if not content.keys() & {"text/csv", "*/*"}:
            yield "a file that is not described"
    elif JSON in content:
        if response.headers.get("content-type") != f"{JSON}; charset=utf-8":
            yield f"the content type {response.headers.get('content-type')}"
        yield from _schema_faults(content[JSON]["schema"], response.json())


def _header_faults(described: Json, given: Mapping[str, str]) -> Iterator[str]:
    for name, each in described.items():
        header = resolved(each)
        if name not in given:
            if header.get("required"):
                yield f"the header {name} is missing"
            continue
        value = _read(header["schema"], given[name])
        for fault in _schema_faults(header["schema"], value):
            yield f"the header {name}: {fault}"


def _of_request(operation: Json, response: httpx2.Response) -> Iterator[str]:
    """What was sent, if it was accepted."""
    if not response.is_success:
        return
    request = response.request
    sources: dict[str, Mapping[str, str]] = {
        "header": request.headers,
        "query": dict(request.url.params),
    }
    for parameter in map(resolved, operation.get("parameters", ())):
        if parameter["in"] in sources:
            yield from _parameter_faults(parameter, sources[parameter["in"]])
    described = operation.get("requestBody")
    kind = request.headers.get("content-type", "").partition(";")[0]
    if described is None or kind != JSON:
        return
    if JSON not in described["content"]:
        yield f"accepted {JSON}"
        return
    schema = described["content"][JSON]["schema"]
    for fault in _schema_faults(schema, json.loads(request.content)):
        yield f"accepted, but {fault}"


def _parameter_faults(parameter: Json, given: Mapping[str, str]) -> Iterator[str]:
    name, schema = parameter["name"], parameter["schema"]
    if name not in given:
        if parameter.get("required"):
            yield f"accepted without the parameter {name}"
        return
    for fault in _schema_faults(schema, _read(schema, given[name])):
        yield f"accepted, but the parameter {name}: {fault}"


def _read(schema: Json, text: str) -> object:
    """Return the value of a text by its schema.

    Lists are separated by commas. Enum values are case-insensitive. Booleans may be 1 or 0.
    """
    match schema.get("type"):
        case "array":
            return [_read(schema["items"], each.strip()) for each in text.split(",")]
        case "integer" if re.fullmatch("-?[0-9]+", text):
            return int(text)
        case "boolean":
            return TRUTHS.get(text.lower(), text)
    return {each.lower(): each for each in schema.get("enum", ())}.get(text.lower(), text)


def check(response: httpx2.Response, *, unpromised: bool = False) -> None:
    """Fail where the document does not describe what happened."""
    found = faults(response, unpromised=unpromised)
    asked = f"{response.request.method} {response.request.url}: {response.status_code}"
    assert found == [], f"{asked} is not as openapi.json says: {found}\n{response.text[:1000]}"


async def _check_soon(response: httpx2.Response) -> None:
    await response.aread()
    check(response)


# For an asynchronous client.
HOOKS = {"response": [_check_soon]}
