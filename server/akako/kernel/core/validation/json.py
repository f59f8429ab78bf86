"""Encode JSON, and decode it more strictly than the standard library."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from akako.kernel.core.errors import BadRequest

MAX_DEPTH = 20
MAX_INTEGER_DIGITS = 19

MAX_ELEMENTS = 10_000  # members and items, at every depth together: a few milliseconds of work

# A string matches up to its closing quote or the end of the input, so the scan stays linear.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")

encode = msgspec.json.Encoder().encode
canonical = msgspec.json.Encoder(order="deterministic").encode


def decode_object(raw: bytes, most: int = MAX_ELEMENTS) -> dict[str, Any]:
    """Decode a JSON object of at most so many elements strictly.

    Raises:
        BadRequest: with the reason invalid_encoding (not UTF-8, a byte order mark, a lone
            surrogate), too_deep, too_many_elements, duplicate_keys, or invalid_json.
    """
    text = _decode_text(raw)
    _check_structure(text, most)
    try:
        value = _DECODER.decode(text)
    except ValueError:
        raise _not_json() from None
    if not isinstance(value, dict):
        raise BadRequest("invalid_json", "The JSON body must be an object")
    if _SURROGATE_ESCAPE.search(text):
        _refuse_lone_surrogates(value)
    return value


def _decode_text(raw: bytes) -> str:
    # UTF-16 and UTF-32 text that is valid UTF-8 contains zero bytes.
    if b"\0" in raw or raw.startswith(b"\xef\xbb\xbf"):
        raise _not_utf8()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _check_structure(text: str, most: int) -> None:
    """Refuse deep nesting and many elements before any of them is decoded.

    The event loop waits for the decoder. A body of 2 MiB can hold 330,000 members, which take
    almost a second; the C functions used here take a few milliseconds.
    """
    opened = text.count("[") + text.count("{")
    if text.count(",") < most and opened <= MAX_DEPTH:
        return
    # Each member needs quotes that no backslash precedes, so that this bounds the strings below.
    if text.count('"') - text.count('\\"') > 4 * most:
        raise _too_many(most)
    structure = _STRING.sub("", text)
    depth = 0
    for number, bracket in enumerate(_BRACKET.finditer(structure)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise BadRequest("too_deep", f"JSON may be nested {MAX_DEPTH} levels deep at most")
        if number > 2 * most:
            raise _too_many(most)
    if structure.count(",") >= most:
        raise _too_many(most)


def _too_many(most: int) -> BadRequest:
    return BadRequest("too_many_elements", f"JSON may have {most:,} elements at most")


def _refuse_lone_surrogates(value: dict[str, Any]) -> None:
    try:
        encode(value)
    except UnicodeEncodeError:
        raise _not_utf8() from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadRequest("duplicate_keys", "A JSON object names the same key twice")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise _not_json()
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _not_json()
    return number


def _constant(name: str) -> Any:
    raise _not_json()


def _not_json() -> BadRequest:
    return BadRequest("invalid_json", "The body is not valid JSON")


def _not_utf8() -> BadRequest:
    return BadRequest("invalid_encoding", "The body must be JSON in UTF-8")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
