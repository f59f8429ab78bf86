"""The JSON Schemas of request and response bodies, from the types of the endpoints."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import inspect

from akako.kernel.core.envelope import DONE, Pagination
from akako.kernel.http.endpoint import Endpoint

Schema = dict[str, Any]
# OpenAPI 3.1 describes bytes with `contentMediaType`; generators of clients look at `format`.
BINARY: Schema = {
    "type": "string",
    "format": "binary",
    "contentMediaType": "application/octet-stream",
}
REFERENCE = "#/components/schemas/{name}"
PAGE = {"page": 1, "limit": 20, "total": 150, "pages": 8, "hasNext": True, "hasPrev": False}


class Models(msgspec.Struct):
    """The schema of each type, and the named ones that they refer to."""

    of: dict[Any, Schema]
    components: dict[str, Schema]


def collect(endpoints: Sequence[Endpoint], more: Iterable[type[msgspec.Struct]]) -> Models:
    """Return the schemas of all request and response bodies, and of `more` types."""
    bodies = [each.body for each in endpoints if each.body]
    answers = [kind for each in endpoints for kind in _alternatives(each.returns)]
    kinds = list(dict.fromkeys([*bodies, *answers, *more, Pagination]))
    structs = list(dict.fromkeys(_structs(inspect.multi_type_info(kinds))))
    found, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    for schema in components.values():
        # Python 3.13 and newer remove the indentation of docstrings, older ones do not.
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    for model in structs:
        _complete(model, components[_raw_name(model, components)])
    for model in _structs(inspect.multi_type_info(bodies)):
        components[_raw_name(model, components)]["additionalProperties"] = False
    for each in endpoints:
        if each.body and each.merges:
            _allow_echo(each, components)
    components["Pagination"]["examples"] = [PAGE]
    names = {_raw_name(model, components): _name(model, components) for model in structs}
    named = {names[name]: _renamed(schema, names) for name, schema in components.items()}
    return Models(dict(zip(kinds, (_renamed(each, names) for each in found), strict=True)), named)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union. msgspec cannot describe a union of several objects."""
    if kind is None:
        return ()
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return typing.get_args(kind)
    return (kind,)


def _structs(kinds: Iterable[inspect.Type]) -> Iterator[type[msgspec.Struct]]:
    """Yield every Struct in these types, the outermost first."""
    seen: set[type] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop(0)
        if isinstance(kind, inspect.StructType):
            if kind.cls in seen:
                continue
            seen.add(kind.cls)
            yield kind.cls
            waiting += [field.type for field in kind.fields]
        waiting += _inner(kind)


def _inner(kind: inspect.Type) -> list[inspect.Type]:
    match kind:
        case inspect.Metadata():
            return [kind.type]
        case inspect.UnionType():
            return list(kind.types)
        case inspect.CollectionType():
            return [kind.item_type]
        case inspect.DictType():
            return [kind.key_type, kind.value_type]
    return []


def _raw_name(model: type[msgspec.Struct], components: Mapping[str, Schema]) -> str:
    """Return msgspec's name of the type, which is qualified if two types share a name."""
    qualified = f"{model.__module__}.{model.__qualname__}"
    return qualified if qualified in components else model.__name__


def _name(model: type[msgspec.Struct], components: Mapping[str, Schema]) -> str:
    """Return the name in the document, which begins with the room if two rooms share it."""
    if _raw_name(model, components) == model.__name__:
        return model.__name__
    return model.__module__.split(".")[1].removesuffix("s").title() + model.__name__


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        prefix, _, name = str(value.get("$ref", "")).rpartition("/")
        if name in names:
            return {"$ref": f"{prefix}/{names[name]}"}
        return {key: _renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return value


def _complete(model: type[msgspec.Struct], schema: Schema) -> None:
    """Add the format of times, which msgspec leaves out; remove titles and empty lists."""
    schema.pop("title")
    if not schema["required"]:
        del schema["required"]
    kind = inspect.type_info(model)
    assert isinstance(kind, inspect.StructType)
    for field in kind.fields:
        if _is_moment(field.type):
            described = schema["properties"][field.encode_name]
            for each in described.get("anyOf", [described]):
                if each.get("type") == "string":
                    each["format"] = "date-time"


def _is_moment(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.DateTimeType) or any(map(_is_moment, _inner(kind)))


def _allow_echo(endpoint: Endpoint, components: dict[str, Schema]) -> None:
    """Add the read-only fields that may be sent back unchanged, with their response types."""
    model: Any = endpoint.body
    body = components[_raw_name(model, components)]
    (shown, *_) = (
        components[_raw_name(each, components)] for each in _alternatives(endpoint.returns)
    )
    for name in sorted(model.__read_only__):
        body["properties"][name] = {**shown["properties"].get(name, {}), "readOnly": True}
    body["minProperties"] = 1


def answer(endpoint: Endpoint, models: Models) -> Schema:
    """Return the schema of a success response."""
    known = [models.of[kind] for kind in _alternatives(endpoint.returns)]
    data = known[0] if len(known) == 1 else {"anyOf": known}
    beside: Schema = {"message": {"type": "string", "examples": [DONE]}}
    if endpoint.kind == "listed":
        data = {"type": "array", "items": data}
        beside = {"pagination": models.of[Pagination]}
    properties = {"success": {"type": "boolean", "const": True}, "data": data, **beside}
    return {"type": "object", "properties": properties, "required": list(properties)}
