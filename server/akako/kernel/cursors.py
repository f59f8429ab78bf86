"""Opaque cursors: where a page of a list ended, so that the next one can begin there."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from akako.kernel import text
from akako.kernel.errors import ValidationFailed

MAX_PAGE = 10**9


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The number of the page that follows, how the list is sorted, and the last row before it."""

    page: int
    sort: str
    order: str
    value: str
    id: str


def encode(page: int, sort: str, order: str, value: object, id: str) -> str:
    shown = value.isoformat() if isinstance(value, datetime) else str(value)
    raw = msgspec.json.encode(Cursor(page, sort, order, shown, id))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(params: Mapping[str, str], sort: str, order: str, *, kind: str) -> Cursor | None:
    """The cursor of a query, if it has one. Raise ValidationFailed if it does not fit."""
    given = params.get("cursor")
    if given is None:
        return None
    if "page" in params:
        raise ValidationFailed.of("cursor", "Give either cursor or page", given)
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
    """The sorting value as the driver wants it; `kind` is its SQL type."""
    if kind == "text":
        return cursor.value
    value = datetime.fromisoformat(cursor.value)
    if value.tzinfo is None:
        raise ValueError
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError from None
