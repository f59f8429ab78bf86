"""Decode query strings strictly, and parse the values of their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import inspect

from akako.kernel.core.errors import BadRequest, ValidationFailed
from akako.kernel.core.fields import parse_instant
from akako.kernel.core.text import TextError, refuse_unsafe
from akako.kernel.core.validation import MAX_ECHOED_NAME, read

S = TypeVar("S", bound=msgspec.Struct)

MAX_PARAMETERS = 100

_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse_query(raw: bytes) -> dict[str, str]:
    """Return the names and values of a query string.

    As in browsers, `+` is a space and a `%` without two hexadecimal digits stands for itself.

    Raises:
        BadRequest: if it is not UTF-8 or has more than 100 parameters.
        ValidationFailed: for a repeated parameter or a control character.
    """
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
    """Parse an integer of up to 18 ASCII digits, without sign or spaces."""
    value = int(text) if _DIGITS.fullmatch(text) else -1
    if minimum <= value and (maximum is None or value <= maximum):
        return value
    limits = f"of at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
    raise ValidationFailed.of(name, f"Must be an integer {limits}", text)


def boolean(name: str, text: str) -> bool:
    """Parse `true`, `1`, `false` or `0`."""
    if text not in _FLAGS:
        raise ValidationFailed.of(name, "Must be true or false", text)
    return _FLAGS[text]


def choice(name: str, text: str, allowed: Iterable[str]) -> str:
    """Return the member of `allowed` that equals the text, ignoring case."""
    wanted = {each.lower(): each for each in allowed}
    if text.isascii() and text.lower() in wanted:
        return wanted[text.lower()]
    raise ValidationFailed.of(name, f"Must be one of: {', '.join(wanted.values())}", text)


def choices(name: str, text: str, allowed: Iterable[str]) -> tuple[str, ...]:
    """Parse a comma-separated list; return each value once, in the order of `allowed`."""
    allowed = tuple(allowed)
    named = {choice(name, each.strip(), allowed) for each in text.split(",")}
    return tuple(each for each in allowed if each in named)


def is_day(text: str) -> bool:
    """Return whether the text is a date without a time."""
    return _DAY.fullmatch(text) is not None


def instant_or_day(name: str, text: str, *, end: bool = False) -> datetime:
    """Parse a bound of a half-open range, in UTC.

    Accepts an RFC 3339 date-time with an offset, or a date. A date is the start of that UTC day;
    with `end` it is the start of the next one.
    """
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
    """Parse the parameters that `model` declares, by the same rules as a body; ignore others.

    Integers and booleans are parsed from text, lists are comma-separated.
    """
    given = parse_query(raw)
    parsers = _parsers(model)
    return read(model, {name: parsers[name](given[name]) for name in parsers if name in given})


@cache
def _parsers(model: type[msgspec.Struct]) -> Mapping[str, Callable[[str], Any]]:
    kind = inspect.type_info(model)
    assert isinstance(kind, inspect.StructType)
    return {field.encode_name: _parser(field.type) for field in kind.fields}


def _parser(kind: inspect.Type) -> Callable[[str], Any]:
    """Return a parser from text to a JSON value; validation rejects text that stays text."""
    match kind:
        case inspect.Metadata():
            return _parser(kind.type)
        case inspect.IntType():
            return lambda text: int(text) if _DIGITS.fullmatch(text) else text
        case inspect.BoolType():
            return lambda text: _FLAGS.get(text, text)
        case inspect.ListType():
            return lambda text: text.split(",")
    return str
