"""Opaque identifiers, made by the application because PostgreSQL before 18 has no `uuidv7()`."""

import re

from uuid_utils import uuid7

SHAPE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
EXAMPLE = "0199f3c2a7b47c1e8d5a6b7c8d9e0f10"  # for documentation


def new_id() -> str:
    """Return a new id: 32 hexadecimal digits, ordered by creation time (UUIDv7)."""
    return uuid7().hex


def is_id(text: str) -> bool:
    """Return whether the text has the shape of an id. Other text is treated as an unknown id."""
    return SHAPE.fullmatch(text) is not None
