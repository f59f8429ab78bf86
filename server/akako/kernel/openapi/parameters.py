"""The parameters of operations: path, query and request headers."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.kernel.core import ids
from akako.kernel.db import listing
from akako.kernel.db.listing import Choice, Filter, Flag, Spec
from akako.kernel.http.endpoint import Endpoint
from akako.kernel.openapi import headers

Parameter = dict[str, Any]
Schema = dict[str, Any]

ID = f"^{ids.SHAPE.pattern}$"
MOMENT_OR_DAY = {"anyOf": [{"type": "string", "format": each} for each in ("date-time", "date")]}


def _parameter(where: str, name: str, schema: Schema, description: str = "") -> Parameter:
    described = {"description": description} if description else {}
    return {"name": name, "in": where, **described, "schema": schema}


SHARED: dict[str, Parameter] = {
    "Page": _parameter(
        "query",
        "page",
        {"type": "integer", "minimum": 1, "maximum": listing.MAX_PAGE, "default": 1},
        "The number of the page, from 1.",
    ),
    "Limit": _parameter(
        "query",
        "limit",
        {"type": "integer", "minimum": 1, "default": listing.DEFAULT_LIMIT},
        f"Items on a page; more than {listing.MAX_LIMIT} counts as {listing.MAX_LIMIT}.",
    ),
    "Search": _parameter(
        "query",
        "search",
        {"type": "string", "maxLength": listing.MAX_SEARCH},
        "Part of a text; case is ignored.",
    ),
    "Cursor": _parameter(
        "query",
        "cursor",
        {"type": "string"},
        "From the `Link` header of the previous page; instead of `page`.",
    ),
    "IdempotencyKey": _parameter(
        "header",
        "Idempotency-Key",
        {"type": "string", "pattern": '^("[!#-~]{1,255}"|[!#-~]{1,255})$'},
        "Makes it safe to retry this request.",
    ),
    "IfMatch": _parameter(
        "header",
        "If-Match",
        {"type": "string"},
        "Change the object only if this is its current `ETag`.",
    ),
    "IfNoneMatch": _parameter(
        "header",
        "If-None-Match",
        {"type": "string"},
        "Return 304 if this is the current `ETag`.",
    ),
    "Range": _parameter("header", "Range", {"type": "string"}, "The requested range of bytes."),
    "IfRange": _parameter(
        "header",
        "If-Range",
        {"type": "string"},
        "Apply `Range` only if this is the current `ETag`.",
    ),
}


def parameters(endpoint: Endpoint) -> list[Parameter]:
    """Return all parameters of an operation, in the order path, query, header."""
    found = [_path(name) for name in endpoint.path_params]
    if endpoint.listing:
        found += _listing(endpoint.listing)
    if endpoint.query:
        found += _query(endpoint.query)
    return found + _headers(endpoint)


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _path(name: str) -> Parameter:
    if name == "link":
        text = "The encrypted part of the `url` of a link."
        return {**_parameter("path", name, {"type": "string"}, text), "required": True}
    what = name.removesuffix("_id").replace("_", " ")
    schema = {"type": "string", "pattern": ID}
    return {**_parameter("path", camel(name), schema, f"The id of the {what}."), "required": True}


def _shared(*names: str) -> list[Parameter]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _listing(spec: Spec) -> list[Parameter]:
    order = "desc" if spec.descending else "asc"
    orders = {"type": "string", "enum": ["asc", "desc"], "default": order}
    sorts = {"type": "string", "enum": list(spec.sorts), "default": spec.default}
    found = [
        *_shared("Page", "Limit"),
        _parameter("query", "sort", sorts),
        _parameter("query", "order", orders),
        *_shared(*(["Search"] if spec.search else [])),
    ]
    found += [_filter(name, kind) for name, kind in spec.filters.items()]
    for prefix in spec.dates:
        text = "; a date includes the whole day"
        found.append(_parameter("query", f"{prefix}From", MOMENT_OR_DAY, "From this moment on."))
        found.append(
            _parameter("query", f"{prefix}To", MOMENT_OR_DAY, f"Before this moment{text}.")
        )
    return found + _shared("Cursor")


def _filter(name: str, kind: Filter) -> Parameter:
    if isinstance(kind, Flag):
        return _parameter("query", name, {"type": "boolean"})
    if not isinstance(kind, Choice):
        return _parameter("query", name, {"type": "string", "pattern": ID})
    one = {"type": "string", "enum": list(kind.allowed)}
    if not kind.many:
        return _parameter("query", name, one)
    return _comma_list(_parameter("query", name, {"type": "array", "items": one, "minItems": 1}))


def _comma_list(parameter: Parameter) -> Parameter:
    return {**parameter, "style": "form", "explode": False}


def _query(model: type[msgspec.Struct]) -> list[Parameter]:
    """Return the parameters that a Struct declares, by the rules for fields of a body."""
    schema = msgspec.json.schema_components([model])[1][model.__name__]
    found = []
    for name, kind in schema["properties"].items():
        # In a query there is no null: what is not given is absent.
        parameter = _parameter("query", name, kind["anyOf"][0] if "anyOf" in kind else kind)
        if kind.get("type") == "array":
            parameter = _comma_list(parameter)
        if name in schema["required"]:
            parameter["required"] = True
        found.append(parameter)
    return found


def _header(name: str, described: str | Schema) -> Parameter:
    if isinstance(described, str):
        return _parameter("header", name, {"type": "string"}, described)
    return {"name": name, "in": "header", **described}


def _headers(endpoint: Endpoint) -> list[Parameter]:
    found = [_header(name, described) for name, described in endpoint.headers.items()]
    if headers.replays(endpoint):
        found += _shared("IdempotencyKey")
    if headers.is_guarded(endpoint):
        found += _shared("IfMatch")
    if headers.is_conditional(endpoint):
        found += _shared("IfNoneMatch")
    if headers.is_file(endpoint):
        found += _shared("Range", "IfRange")
    return found
