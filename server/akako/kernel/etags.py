"""Entity tags of JSON answers, made from the very bytes that they stand for."""

from __future__ import annotations

import hashlib

from akako.kernel.conditional import if_match, if_none_match
from akako.kernel.envelope import encode
from akako.kernel.errors import PreconditionFailed


def of(data: object) -> str:
    """The strong tag of an object as this caller sees it."""
    return f'"{hashlib.sha256(encode(data)).hexdigest()[:32]}"'


def weak(body: bytes) -> bytes:
    """The weak tag of a whole answer."""
    return b'W/"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()


def is_held(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` says that the caller has this version already."""
    return header is not None and if_none_match(header, tag)


def require(header: str | None, current: object) -> None:
    """Raise PreconditionFailed unless `If-Match` allows changing the object in this state."""
    if header is not None and not if_match(header, tag := of(current)):
        raise PreconditionFailed(tag)
