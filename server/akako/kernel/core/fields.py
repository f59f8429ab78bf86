"""Types of request fields, whose limits apply to validation and to the OpenAPI document.

A room declares `Name = Annotated[str, line(1, 120)]` and uses `Name` in its Structs. The rule in
`Meta.extra` converts the received text to the stored value, or raises `TextError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, get_args

from msgspec import Meta

from akako.kernel.core.ids import is_id
from akako.kernel.core.text import (
    HTTPS_URL,
    MAX_EMAIL,
    MAX_URL,
    TextError,
    clean_document,
    clean_email,
    clean_https_url,
    clean_line,
    clean_text,
)

Rule = Callable[[str], Any]

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:[0-5]\d)", re.ASCII
)
CLERK_ID = re.compile(r"user_[A-Za-z0-9]{1,64}", re.ASCII)


def line(minimum: int, maximum: int, *, examples: Sequence[str] = ()) -> Meta:
    """One line of text; the length is in code points after cleaning."""
    return _sized(clean_line, minimum, maximum, examples)


def text(maximum: int, *, minimum: int = 0, examples: Sequence[str] = ()) -> Meta:
    """Text of several lines, trimmed; the length is in code points after cleaning."""
    return _sized(clean_text, minimum, maximum, examples)


def document(maximum: int, *, minimum: int = 0, examples: Sequence[str] = ()) -> Meta:
    """Text of several lines whose first line keeps its indentation, such as Markdown."""
    return _sized(clean_document, minimum, maximum, examples)


def _sized(
    clean: Callable[[str], str], minimum: int, maximum: int, examples: Sequence[str]
) -> Meta:
    limits = f"between {minimum} and {maximum}" if minimum else f"at most {maximum}"

    def rule(raw: str) -> str:
        value = clean(raw)
        if not minimum <= len(value) <= maximum:
            raise TextError(f"Must be {limits} characters")
        return value

    return Meta(
        min_length=minimum,
        max_length=maximum,
        examples=list(examples) or None,
        extra={"rule": rule},
    )


def one_of(literal: Any, *, ignore_case: bool = False) -> Meta:
    """Keep the order of a Literal's values in messages; msgspec would sort them.

    Example: `Annotated[Role, one_of(Role, ignore_case=True)]`.
    """
    return Meta(extra={"choices": get_args(literal), "ignore_case": ignore_case})


def parse_instant(raw: str) -> datetime:
    """Parse an RFC 3339 date-time with an offset to an aware datetime in UTC.

    Raises TextError for other formats, leap seconds, and years outside 1 to 9999 in UTC.
    """
    try:
        if _INSTANT.fullmatch(raw):
            return datetime.fromisoformat(raw.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise TextError("Must be an RFC 3339 date-time with an offset, such as 2026-01-31T08:00:00Z")


def parse_id(raw: str) -> str:
    """Return the text if it has the shape of an id."""
    if not is_id(raw):
        raise TextError("Must be an id")
    return raw


def parse_clerk_id(raw: str) -> str:
    """Return the text if it has the shape of a Clerk user id."""
    if not CLERK_ID.fullmatch(raw):
        raise TextError("Must be a Clerk user id")
    return raw


Email = Annotated[
    str,
    Meta(
        max_length=MAX_EMAIL,
        examples=["test@example.com"],
        extra_json_schema={"format": "email"},
        extra={"rule": clean_email},
    ),
]
HttpsUrl = Annotated[
    str,
    Meta(
        max_length=MAX_URL,
        pattern=f"^{HTTPS_URL}$",
        examples=["https://example.com/picture.png"],
        extra_json_schema={"format": "uri"},
        extra={"rule": clean_https_url},
    ),
]
Instant = Annotated[
    datetime, Meta(tz=True, examples=["2026-01-31T08:00:00Z"], extra={"rule": parse_instant})
]
Id = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9_-]{1,64}$",
        examples=["0199f3c2a7b47c1e8d5a6b7c8d9e0f10"],
        extra={"rule": parse_id},
    ),
]
ClerkId = Annotated[
    str,
    Meta(pattern=f"^{CLERK_ID.pattern}$", examples=["user_123"], extra={"rule": parse_clerk_id}),
]
