"""The JSON envelopes of all responses, in the key order of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from akako.kernel.core.errors import ApiError, ValidationFailed

T = TypeVar("T")
# 100 of the largest rows that requests can create fit: mentor applications with 7 MB of text.
LIST_BYTES = 8 * 1024 * 1024
DONE = "Operation completed successfully"

encode = msgspec.json.Encoder().encode


class Ok(msgspec.Struct, Generic[T], kw_only=True):
    """200 with one object. `stored` is what a repeated request receives, if that is not `data`."""

    data: T
    stored: T | None = None
    message: str = DONE
    etag: bool = False  # whether the response carries the ETag of the object
    headers: dict[str, str] = {}


class Created(msgspec.Struct, Generic[T], kw_only=True):
    """201 with the new object and where it can be read or changed; `stored` as in Ok."""

    data: T
    stored: T | None = None
    location: str
    message: str = DONE
    etag: bool = False
    headers: dict[str, str] = {}


class Pagination(msgspec.Struct, frozen=True):
    page: int
    limit: int
    total: int
    pages: int
    hasNext: bool  # noqa: N815 - the reference's own spelling
    hasPrev: bool  # noqa: N815


class Listed(msgspec.Struct, Generic[T], kw_only=True):
    """200 with a page of a list. `next` is the opaque cursor of the following page."""

    data: Sequence[T]
    pagination: Pagination
    next: str | None = None
    headers: dict[str, str] = {}


class _Success(msgspec.Struct):
    success: bool
    data: Any
    message: str


class _List(msgspec.Struct):
    success: bool
    data: Any
    pagination: Pagination


class _Error(msgspec.Struct):
    success: bool
    error: str
    code: str
    details: dict[str, Any]


def success(data: object, message: str = DONE) -> bytes:
    return encode(_Success(True, data, message))


def listing(data: object, pagination: Pagination) -> bytes:
    """Encode a page. Raise ValidationFailed if it is larger than LIST_BYTES."""
    raw = encode(_List(True, data, pagination))
    if len(raw) > LIST_BYTES:
        message = f"The page is larger than {LIST_BYTES} bytes; request a smaller limit"
        raise ValidationFailed.of("limit", message, pagination.limit)
    return raw


def error(problem: ApiError) -> bytes:
    return encode(_Error(False, problem.message, problem.code, problem.details))
