"""Entity tags of JSON responses, computed from the encoded bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

from akako.kernel.core.envelope import encode
from akako.kernel.core.errors import PreconditionFailed

LIST_ITEM = re.compile(r'[ \t]*+(?P<tag>(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+")?[ \t]*+(?:,|\Z)')


def of(data: object) -> str:
    """Return the strong tag of an object in the form that this caller sees."""
    return f'"{hashlib.sha256(encode(data)).hexdigest()[:32]}"'


def weak(body: bytes) -> bytes:
    """Return the weak tag of a response body."""
    return b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()


def is_held(header: str | None, tag: str) -> bool:
    """Return whether `If-None-Match` names this tag."""
    return header is not None and if_none_match(header, tag)


def require(header: str | None, current: object) -> None:
    """Raise PreconditionFailed unless `If-Match` is absent or names the current tag."""
    if header is not None and not if_match(header, tag := of(current)):
        raise PreconditionFailed(tag)


def if_match(header: str, etag: str | None) -> bool:
    """Return whether If-Match names the current tag, by strong comparison.

    `etag` is None when the resource does not exist yet.
    """
    return _names(header, etag, strongly_equal)


def if_none_match(header: str, etag: str | None) -> bool:
    """Return whether If-None-Match names the current tag, by weak comparison.

    `etag` is None when the resource does not exist yet.
    """
    return _names(header, etag, weakly_equal)


def _names(header: str, etag: str | None, equal: Callable[[str, str | None], bool]) -> bool:
    if header.strip() == "*":
        return etag is not None
    return any(equal(tag, etag) for tag in _entity_tags(header))


def strongly_equal(left: str | None, right: str | None) -> bool:
    return left is not None and left == right and not left.startswith("W/")


def weakly_equal(left: str | None, right: str | None) -> bool:
    if left is None or right is None:
        return False
    return left.removeprefix("W/") == right.removeprefix("W/")


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
