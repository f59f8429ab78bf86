"""Preconditions of a request (RFC 9110, section 13) against a resource's current validators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

LIST_ITEM = re.compile(r'[ \t]*+(?P<tag>(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+")?[ \t]*+(?:,|\Z)')
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def if_match(header: str, etag: str | None) -> bool:
    """Whether If-Match names the current tag, so that a write may go on. Compares strongly.

    `etag` is None where nothing exists yet.
    """
    if header.strip() == "*":
        return etag is not None
    return any(strongly_equal(tag, etag) for tag in _entity_tags(header))


def if_none_match(header: str, etag: str | None) -> bool:
    """Whether If-None-Match names the current tag, so that a read is 304. Compares weakly.

    `etag` is None where nothing exists yet.
    """
    if header.strip() == "*":
        return etag is not None
    return any(weakly_equal(tag, etag) for tag in _entity_tags(header))


def unmodified_since(header: str, last_modified: datetime) -> bool:
    """Whether If-Modified-Since makes a read 304. Not asked when If-None-Match is present."""
    since = _moment(header)
    return since is not None and last_modified.replace(microsecond=0) <= since


def modified_since(header: str, last_modified: datetime) -> bool:
    """Whether If-Unmodified-Since forbids the request. Not asked when If-Match is present."""
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
    """Whether a Range header counts; otherwise the whole is sent. Compares strongly.

    Give `last_modified` only where the content cannot change twice within one second.
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
    """An aware moment as headers write it: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _entity_tags(header: str) -> Iterator[str]:
    """The entity tags of a list header. A malformed list yields what precedes its first fault."""
    position = 0
    while position < len(header):
        item = LIST_ITEM.match(header, position)
        if not item:
            return
        if item["tag"]:
            yield item["tag"]
        position = item.end()
