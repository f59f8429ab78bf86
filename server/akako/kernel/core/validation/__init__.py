"""Convert a decoded JSON object to a typed Struct, and report every violation.

Models are msgspec Structs (`rename="camel"`) whose strings use types of `akako.kernel.core.fields`.
An optional field of a PUT is `Name | UnsetType = UNSET`, a nullable one `Name | UnsetType | None`.

A model can list wire names in `__read_only__: ClassVar[frozenset[str]]` that clients may send back
unchanged, as in a GET, edit, PUT cycle. `read_changes` returns them separately, and the service
passes them to `check_read_only` after it has loaded the object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from akako.kernel.core.errors import MAX_VALIDATION_ERRORS, ValidationFailed, violation
from akako.kernel.core.fields import Rule
from akako.kernel.core.text import TextError
from akako.kernel.core.validation import json

S = TypeVar("S", bound=msgspec.Struct)
Problems = list[dict[str, Any]]
Reader = Callable[[str, Any, Problems], Any]

MAX_ECHOED_NAME = 128


def read(model: type[S], data: Mapping[str, Any]) -> S:
    """Convert `data` (wire names) to a `model`. Read-only names are skipped.

    Raises ValidationFailed with all violations: fields in the order of the model, then unknown
    ones.
    """
    problems: Problems = []
    value = _model_reader(model)("", data, problems)
    if problems:
        raise ValidationFailed(problems)
    return value  # type: ignore[no-any-return]


@cache
def most_elements(model: type[msgspec.Struct]) -> int:
    """Return how many members and items a body may have: as many as the model needs, or more."""
    return max(json.MAX_ELEMENTS, _elements(inspect.type_info(model)))


def _elements(kind: inspect.Type) -> int:
    match kind:
        case inspect.Metadata():
            return _elements(kind.type)
        case inspect.UnionType():
            return max(map(_elements, kind.types))
        case inspect.ListType():
            return (kind.max_length or 0) * (1 + _elements(kind.item_type))
        case inspect.StructType():
            return sum(1 + _elements(each.type) for each in kind.fields)
    return 0


def read_changes(model: type[S], data: Mapping[str, Any]) -> tuple[S, dict[str, Any]]:
    """Return the changes of a PUT body, and the read-only values in it.

    Raises ValidationFailed, also for an empty object.
    """
    if not data:
        raise ValidationFailed.of("body", "At least one field is required")
    return read(model, data), {name: data[name] for name in data if name in _read_only(model)}


def check_read_only(echoed: Mapping[str, Any], current: object) -> None:
    """Raise ValidationFailed unless each echoed value equals the one in `current`.

    `current` is the object as this caller would read it. Times are compared as text.
    """
    if not echoed:
        return
    shown = msgspec.to_builtins(current)
    problems = [
        violation(name, "Read-only field", value)
        for name, value in echoed.items()
        if name not in shown or json.canonical(shown[name]) != json.canonical(value)
    ]
    if problems:
        raise ValidationFailed(problems)


def supplied(changes: msgspec.Struct) -> dict[str, Any]:
    """Return the sent fields by their Python names."""
    values = ((name, getattr(changes, name)) for name in changes.__struct_fields__)
    return {name: value for name, value in values if value is not msgspec.UNSET}


def _read_only(model: type) -> frozenset[str]:
    return getattr(model, "__read_only__", frozenset())


@cache
def _model_reader(model: type[msgspec.Struct]) -> Reader:
    kind = inspect.type_info(model)
    assert isinstance(kind, inspect.StructType)
    fields = [(f.encode_name, f.name, _reader(f.type, {}), f.required) for f in kind.fields]
    known = {wire for wire, *_ in fields} | _read_only(model)

    def read_members(path: str, data: Mapping[str, Any], problems: Problems) -> Any:
        prefix = f"{path}." if path else ""
        values = {}
        for wire, name, reader, required in fields:
            if wire in data:
                values[name] = reader(prefix + wire, data[wire], problems)
            elif required:
                problems.append(violation(prefix + wire, "Required"))
        for wire in data:
            if len(problems) >= MAX_VALIDATION_ERRORS:
                break  # the response lists only these
            if wire not in known:
                name = prefix + wire[:MAX_ECHOED_NAME]
                problems.append(violation(name, "Unknown field", data[wire]))
        return None if problems else model(**values)

    return read_members


def _reader(kind: inspect.Type, extra: Mapping[str, Any]) -> Reader:
    """Return the reader of a type. Plain strings have none: every text needs a rule."""
    match kind:
        case inspect.Metadata():
            return _reader(kind.type, {**extra, **(kind.extra or {})})
        case inspect.UnionType():
            return _nullable(kind, extra)
        case inspect.LiteralType():
            choices = {str(value): value for value in extra.get("choices", kind.values)}
            return _choice(choices, ignore_case=extra.get("ignore_case", False))
        case inspect.EnumType():
            return _choice({str(member.value): member for member in kind.cls})
        case inspect.BoolType():
            return _boolean
        case inspect.IntType() | inspect.FloatType():
            return _numeric(kind)
        case inspect.ListType():
            return _list(kind, _reader(kind.item_type, extra))
        case inspect.StructType():
            return _object(_model_reader(kind.cls))
    if (
        isinstance(kind, (inspect.StrType, inspect.DateTimeType, inspect.DateType))
        and "rule" in extra
    ):
        return _string(extra["rule"])
    raise TypeError(f"No rule to read {kind}")


def _nullable(kind: inspect.UnionType, extra: Mapping[str, Any]) -> Reader:
    (inner,) = (each for each in kind.types if not isinstance(each, inspect.NoneType))
    reader = _reader(inner, extra)

    def read_nullable(path: str, value: Any, problems: Problems) -> Any:
        return None if value is None else reader(path, value, problems)

    return read_nullable


def _refuse(path: str, message: str, value: Any, problems: Problems) -> None:
    problems.append(violation(path, "Must not be null" if value is None else message, value))


def _string(rule: Rule) -> Reader:
    def read_string(path: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, str):
            return _refuse(path, "Must be a string", value, problems)
        try:
            return rule(value)
        except TextError as error:
            return _refuse(path, str(error), value, problems)

    return read_string


def _choice(choices: Mapping[str, Any], *, ignore_case: bool = False) -> Reader:
    message = f"Must be one of: {', '.join(choices)}"
    # Only ASCII case is ignored: a dotless i or a Kelvin sign does not match.
    fold = str.lower if ignore_case else str
    wanted = {fold(name): value for name, value in choices.items()}

    def read_choice(path: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, str):
            return _refuse(path, "Must be a string", value, problems)
        if value.isascii() and (key := fold(value)) in wanted:
            return wanted[key]
        return _refuse(path, message, value, problems)

    return read_choice


def _boolean(path: str, value: Any, problems: Problems) -> Any:
    if isinstance(value, bool):
        return value
    return _refuse(path, "Must be true or false", value, problems)


def _numeric(kind: inspect.IntType | inspect.FloatType) -> Reader:
    whole = isinstance(kind, inspect.IntType)
    accepted = int if whole else (int, float)
    above, minimum, maximum = kind.gt, kind.ge, kind.le

    def read_number(path: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, accepted) or isinstance(value, bool):
            article = "an integer" if whole else "a number"
            return _refuse(path, f"Must be {article}", value, problems)
        if above is not None and value <= above:
            return _refuse(path, f"Must be greater than {above:g}", value, problems)
        if minimum is not None and value < minimum:
            shown = str(minimum) if whole else f"{minimum:g}"
            return _refuse(path, f"Must be at least {shown}", value, problems)
        if maximum is not None and value > maximum:
            shown = str(maximum) if whole else f"{maximum:,.16g}"
            return _refuse(path, f"Must be at most {shown}", value, problems)
        return value if whole else float(value)

    return read_number


def _list(kind: inspect.ListType, item: Reader) -> Reader:
    minimum, maximum = kind.min_length or 0, kind.max_length

    def read_list(path: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, list):
            return _refuse(path, "Must be a list", value, problems)
        if len(value) < minimum:
            return _refuse(path, f"Must have at least {minimum} items", value, problems)
        if maximum is not None and len(value) > maximum:
            return _refuse(path, f"Must have at most {maximum} items", value, problems)
        return [item(f"{path}[{n}]", each, problems) for n, each in enumerate(value)]

    return read_list


def _object(members: Reader) -> Reader:
    def read_object(path: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _refuse(path, "Must be an object", value, problems)
        return members(path, value, problems)

    return read_object
