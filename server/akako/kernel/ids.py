"""Opaque identifiers, made by the application because PostgreSQL before 18 has no `uuidv7()`."""

import re

from uuid_utils import uuid7

SHAPE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def new_id() -> str:
    """A new id: 32 hexadecimal digits whose order follows the time of making."""
    return uuid7().hex


def is_id(text: str) -> bool:
    """Whether the text could be one of our ids; anything else is answered like an unknown id."""
    return SHAPE.fullmatch(text) is not None
