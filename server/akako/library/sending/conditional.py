"""Evaluate the preconditions of a request (RFC 9110, section 13)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from akako.kernel.core.etags import strongly_equal

HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


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


def http_date(moment: datetime) -> str:
    """Format an aware datetime for a header: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
