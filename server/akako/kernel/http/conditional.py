"""Evaluate the preconditions of a request (RFC 9110, section 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

LIST_ITEM = re.compile(r'[ \t]*+(?P<tag>(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+")?[ \t]*+(?:,|\Z)')
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def if_match(header: str, etag: str | None) -> bool:
    """Return whether If-Match names the current tag, by strong comparison.

    `etag` is None when the resource does not exist yet.
    """
    if header.strip() == "*":
        return etag is not None
    return any(strongly_equal(tag, etag) for tag in _entity_tags(header))


def if_none_match(header: str, etag: str | None) -> bool:
    """Return whether If-None-Match names the current tag, by weak comparison.

    `etag` is None when the resource does not exist yet.
    """
    if header.strip() == "*":
        return etag is not None
    return any(weakly_equal(tag, etag) for tag in _entity_tags(header))


def unmodified_since(header: str, last_modified: datetime) -> bool:
    """Return whether If-Modified-Since makes a read 304. If-None-Match takes precedence."""
    since = _moment(header)
    return since is not None and last_modified.replace(microsecond=0) <= since


def modified_since(header: str, last_modified: datetime) -> bool:
    """Return whether If-Unmodified-Since fails. Ignore it when If-Match is present."""
    since = _moment(header)
    return since is not None and last_modified.replace(microsecond=0) > since


def _moment(header: str) -> datetime | None:
    try:
        return datetime.strptime(header, HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None


def if_range_matches(
    header: str | None, etag: str | None, last_modified: datetime | None = None
) -> bool:
    """Return whether Range applies, by strong comparison; otherwise the whole file is sent.

    Pass `last_modified` only if the content cannot change twice within one second.
    """
    if header is None:
        return True
    value = header.strip(" \t")
    if value.startswith(('"', "W/")):
        return strongly_equal(value, etag)
    return last_modified is not None and value == http_date(last_modified)


def strongly_equal(left: str | None, right: str | None) -> bool:
    return left is not None and left == right and not left.startswith("W/")


def weakly_equal(left: str | None, right: str | None) -> bool:
    if left is None or right is None:
        return False
    return left.removeprefix("W/") == right.removeprefix("W/")


def http_date(moment: datetime) -> str:
    """Format an aware datetime for a header: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _entity_tags(header: str) -> Iterator[str]:
    """Yield the entity tags of a header, up to the first syntax error."""
    position = 0
    while position < len(header):
        item = LIST_ITEM.match(header, position)
        if not item:
            return
        if item["tag"]:
            yield item["tag"]
        position = item.end()
