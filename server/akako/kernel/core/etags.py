"""Entity tags of JSON responses, computed from the encoded bytes."""

from __future__ import annotations

import hashlib

from akako.kernel.core.envelope import encode
from akako.kernel.core.errors import PreconditionFailed
from akako.kernel.http.conditional import if_match, if_none_match


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
