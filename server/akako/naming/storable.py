"""Names and addresses of people as this server stores them."""

from __future__ import annotations

import re
import unicodedata

from akako.kernel.core import text

MAX_NAME = 100
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def storable_name(name: str | None) -> str | None:
    """Return a name without unsafe characters, cut to MAX_NAME; None if nothing is left."""
    cleaned = unicodedata.normalize("NFC", UNSAFE.sub("", name or "")).strip()[:MAX_NAME].strip()
    return cleaned or None


def storable_email(email: str | None) -> str | None:
    """Return the address, or None if it is too long or has unsafe characters."""
    if email is None or len(email) > text.MAX_EMAIL or UNSAFE.search(email):
        return None
    return email
