"""Query strings: strict decoding, and the values that come as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import inspect

from akako.kernel.errors import BadRequest, ValidationFailed
from akako.kernel.fields import parse_instant
from akako.kernel.text import TextError, refuse_unsafe
from akako.kernel.validation import MAX_ECHOED_NAME, read

S = TypeVar("S", bound=msgspec.Struct)

MAX_PARAMETERS = 100

_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse_query(raw: bytes) -> dict[str, str]:
    """Names and values of a query string. As in browsers, `+` is a space and a stray `%` itself.

    Raise BadRequest when it is not UTF-8 or has too many parameters, and ValidationFailed for a
    parameter given twice or holding a control character."""
    if not raw:
        return {}
    pairs = [pair.partition(b"=") for pair in raw.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        raise BadRequest("too_many_parameters", "The query string has too many parameters")
    given: dict[str, str] = {}
    for encoded_name, _, encoded_value in pairs:
        name, value = _decode(encoded_name), _decode(encoded_value)
        shown = name[:MAX_ECHOED_NAME]
        if name in given:
            raise ValidationFailed.of(shown, "Must be given once", value)
        try:
            refuse_unsafe(name)
            refuse_unsafe(value)
        except TextError as error:
            raise ValidationFailed.of(shown, str(error), value) from None
        given[name] = value
    return given


def _decode(encoded: bytes) -> str:
    try:
        if b"%" not in encoded and b"+" not in encoded:
            return encoded.decode("utf-8")
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("invalid_encoding", "The query string must be in UTF-8") from None


def integer(name: str, text: str, *, minimum: int = 0, maximum: int | None = None) -> int:
    """A whole number in up to 18 ASCII digits, without sign or blanks."""
    value = int(text) if _DIGITS.fullmatch(text) else -1
    if minimum <= value and (maximum is None or value <= maximum):
        return value
    limits = f"of at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
    raise ValidationFailed.of(name, f"Must be an integer {limits}", text)


def boolean(name: str, text: str) -> bool:
    """`true`, `1`, `false` or `0`."""
    if text not in _FLAGS:
        raise ValidationFailed.of(name, "Must be true or false", text)
    return _FLAGS[text]


def choice(name: str, text: str, allowed: Iterable[str]) -> str:
    """The one of `allowed` (in its own spelling) that the text names in any case."""
    wanted = {each.lower(): each for each in allowed}
    if text.isascii() and text.lower() in wanted:
        return wanted[text.lower()]
    raise ValidationFailed.of(name, f"Must be one of: {', '.join(wanted.values())}", text)


def choices(name: str, text: str, allowed: Iterable[str]) -> tuple[str, ...]:
    """A comma list of choices, each once, in the order of `allowed`."""
    allowed = tuple(allowed)
    named = {choice(name, each.strip(), allowed) for each in text.split(",")}
    return tuple(each for each in allowed if each in named)


def is_day(text: str) -> bool:
    """Whether this is a date without a time."""
    return _DAY.fullmatch(text) is not None


def instant_or_day(name: str, text: str, *, end: bool = False) -> datetime:
    """An edge of a half-open range in UTC: a date-time with an offset, or a date, which is a UTC
    day: its first moment, or with `end` the first moment after it."""
    try:
        if not is_day(text):
            return parse_instant(text)
        day = parse_instant(f"{text}T00:00:00Z")
    except TextError:
        message = "Must be an RFC 3339 date-time with an offset, or a date"
        raise ValidationFailed.of(name, message, text) from None
    if not end:
        return day
    try:
        return day + timedelta(days=1)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def read_query(model: type[S], raw: bytes) -> S:
    """The parameters that `model` names, by the same rules as a body; others are ignored.

    Numbers and flags are read from their text, lists from commas."""
    given = parse_query(raw)
    spelled = _spellings(model)
    return read(model, {name: spelled[name](given[name]) for name in spelled if name in given})


@cache
def _spellings(model: type[msgspec.Struct]) -> Mapping[str, Callable[[str], Any]]:
    kind = inspect.type_info(model)
    assert isinstance(kind, inspect.StructType)
    return {field.encode_name: _spelling(field.type) for field in kind.fields}


def _spelling(kind: inspect.Type) -> Callable[[str], Any]:
    """Text to the JSON value it spells; other text stays text, for the reader to refuse."""
    match kind:
        case inspect.Metadata():
            return _spelling(kind.type)
        case inspect.IntType():
            return lambda text: int(text) if _DIGITS.fullmatch(text) else text
        case inspect.BoolType():
            return lambda text: _FLAGS.get(text, text)
        case inspect.ListType():
            return lambda text: text.split(",")
    return str
