"""One byte range of a file (RFC 9110, section 14)."""

from __future__ import annotations

import re

import msgspec

from akako.kernel.core.errors import RangeNotSatisfiable

ONE_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)", re.ASCII | re.IGNORECASE)
# Longer numbers are outside every file, and int() rejects thousands of digits.
MAX_DIGITS = 18


class Part(msgspec.Struct, frozen=True):
    """The bytes [start, end) of a file."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def content_range(self, size: int) -> str:
        """Return the Content-Range header of this part of `size` bytes."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


def parse_range(header: str | None, size: int) -> Part | None:
    """Return the part that a Range header selects of `size` bytes, or None for the whole file.

    Other units, malformed values and several ranges are ignored, as the RFC allows.
    Raises RangeNotSatisfiable for a well-formed range outside the file.
    """
    match = ONE_RANGE.fullmatch(header or "")
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        return None
    if not first:
        return _suffix(_number(last), size)
    start, end = _number(first), _number(last) + 1 if last else size
    if last and _precedes(last, first):
        return None
    if start >= size:
        raise RangeNotSatisfiable(size)
    return Part(start, min(end, size))


def _suffix(length: int, size: int) -> Part | None:
    if length == 0:
        raise RangeNotSatisfiable(size)
    # An empty file satisfies a suffix range, but Content-Range cannot express an empty part.
    return Part(max(size - length, 0), size) if size else None


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= MAX_DIGITS else 10**MAX_DIGITS


def _precedes(left: str, right: str) -> bool:
    left, right = left.lstrip("0"), right.lstrip("0")
    return (len(left), left) < (len(right), right)
