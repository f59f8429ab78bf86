"""Between the JSON of the API and Python: camelCase and snake_case, moments, typed objects."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

M = TypeVar("M", bound="Model")
Read = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """An object of the API. `etag` is its version, where the server tells it, for `if_match`."""

    etag: str | None = dataclasses.field(default=None, repr=False, compare=False)

    @classmethod
    def from_dict(cls: type[M], data: Mapping[str, Any], *, etag: str | None = None) -> M:
        """Read the API's JSON; fields that this version does not know are ignored."""
        # mypy takes the hash of the objects for that of their class.
        readers = _readers(cls)  # type: ignore[arg-type]
        names = ((name, camel(name), read) for name, read in readers)
        known = {name: read(data[wire]) for name, wire, read in names if wire in data}
        return cls(**known, etag=etag)

    def to_dict(self) -> dict[str, Any]:
        """The object as the API's JSON has it; what the server left out stays out."""
        values = ((field, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {
            camel(field.name): to_wire(value)
            for field, value in values
            if field.name != "etag" and (value is not None or field.default is not None)
        }


def camel(name: str) -> str:
    """`image_url` → `imageUrl`."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def to_wire(value: Any) -> Any:
    """A value as JSON has it. A moment without a time zone is refused: it would be guesswork."""
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime needs a time zone")
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: to_wire(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_wire(each) for each in value]
    return value


def to_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body that holds these fields."""
    return {camel(name): to_wire(each) for name, each in fields.items()}


def to_query(values: Mapping[str, Any]) -> dict[str, str]:
    """Query parameters; None means not given, a list is written with commas."""
    return {camel(name): _parameter(each) for name, each in values.items() if each is not None}


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(map(_parameter, value))
    return str(to_wire(value))


def listed(values: str | Iterable[str]) -> list[str]:
    """A list of texts; one text is a list of one, not of its letters."""
    return [values] if isinstance(values, str) else list(values)


def given(**fields: Any) -> dict[str, Any]:
    """The fields of a body that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def segment(id: object) -> str:
    """An id as a part of a path; one that would lead elsewhere is refused."""
    if not isinstance(id, str) or not id.strip("."):
        raise ValueError(f"not an id: {id!r}")
    return quote(id, safe="")


@functools.cache
def _readers(model: type[Model]) -> tuple[tuple[str, Read], ...]:
    hints = typing.get_type_hints(model)
    names = [field.name for field in dataclasses.fields(model) if field.name != "etag"]
    return tuple((name, _reader(hints[name])) for name in names)


def _reader(hint: Any) -> Read:
    """How to read a value of this type from JSON."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = _reader(arguments[0])
        return lambda value: None if value is None else inner(value)
    if origin is list:
        each = _reader(arguments[0])
        return lambda values: [each(value) for value in values]
    if hint is datetime:
        return datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Model):
        return hint.from_dict
    return lambda value: value
