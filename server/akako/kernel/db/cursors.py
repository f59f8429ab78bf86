"""Opaque keyset cursors: the position after the last row of a list page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from akako.kernel.core import text
from akako.kernel.core.errors import ValidationFailed

MAX_PAGE = 10**9
MAX_DIGITS = 11
MAX_INTEGER = 2**31 - 1  # of PostgreSQL's integer


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The next page's number, the sort order, and the sort value and id of the last row shown."""

    page: int
    sort: str
    order: str
    value: str
    id: str


def encode(page: int, sort: str, order: str, value: object, id: str) -> str:
    """Return the cursor as URL-safe Base64 without padding."""
    shown = value.isoformat() if isinstance(value, datetime) else str(value)
    raw = msgspec.json.encode(Cursor(page, sort, order, shown, id))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(params: Mapping[str, str], sort: str, order: str, *, kind: str) -> Cursor | None:
    """Return the cursor of a query, or None.

    Raises:
        ValidationFailed: if the cursor is malformed, belongs to another sort order, or comes
            together with `page`.
    """
    given = params.get("cursor")
    if given is None:
        return None
    if "page" in params:
        raise ValidationFailed.of("cursor", "Use either cursor or page, not both", given)
    try:
        raw = given.encode("ascii")
        cursor = msgspec.json.decode(
            base64.b64decode(raw + b"=" * (-len(raw) % 4), b"-_", validate=True), type=Cursor
        )
        if (cursor.sort, cursor.order) != (sort, order) or not 1 < cursor.page <= MAX_PAGE:
            raise ValueError
        value_of(cursor, kind)
        text.clean_text(cursor.value + cursor.id)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise ValidationFailed.of("cursor", "Invalid cursor", given) from None
    return cursor


def value_of(cursor: Cursor, kind: str) -> object:
    """Return the sort value as the driver expects it; `kind` is its SQL type."""
    if kind == "text":
        return cursor.value
    if kind == "integer":
        return _integer(cursor.value)
    value = datetime.fromisoformat(cursor.value)
    if value.tzinfo is None:
        raise ValueError
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError from None


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError
    value = int(text)
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ValueError
    return value
