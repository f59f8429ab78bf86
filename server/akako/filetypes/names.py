"""File names of clients: display name, extension, and Content-Disposition."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MAX_NAME = 200
FALLBACK_NAME = "file"
# Besides controls, surrogates and line separators: bidi marks and overrides, which can make
# `exe.pdf` out of `fdp.exe`, and the invisible characters that pad a name.
INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
EXTENSION = re.compile(r"[A-Za-z0-9]{1,8}")
NOT_ATTACHABLE = re.compile(r"[^A-Za-z0-9 ._()-]")
# RFC 8187's attr-char beyond letters and digits.
ATTR_CHARS = "!#$&+-.^_`|~"


def display_name(raw: str) -> str:
    """Return the base name of a file name, safe to display, of at most 200 code points.

    Both kinds of slash separate folders. Shortening keeps the extension. The result can be empty.
    """
    visible = _without_invisible(unicodedata.normalize("NFC", raw))
    base = _trimmed(re.split(r"[/\\]", visible)[-1])
    if len(base) <= MAX_NAME:
        return base
    stem, dot, suffix = base.rpartition(".")
    if not dot or not EXTENSION.fullmatch(suffix):
        return _trimmed(base[:MAX_NAME])
    return f"{_trimmed(stem[: MAX_NAME - 1 - len(suffix)])}.{suffix}"


def extension(name: str) -> str | None:
    """Return the last extension of a cleaned name in lower case, or None."""
    stem, _, suffix = name.rpartition(".")
    if not stem or not EXTENSION.fullmatch(suffix):
        return None
    return suffix.lower()


def content_disposition(name: str, *, inline: bool = False) -> str:
    """Return a Content-Disposition value (RFC 6266) with an ASCII fallback and the UTF-8 name."""
    cleaned = display_name(name) or FALLBACK_NAME
    decomposed = unicodedata.normalize("NFKD", cleaned)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    fallback = NOT_ATTACHABLE.sub("_", plain)
    encoded = quote(cleaned, safe=ATTR_CHARS)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"


def _without_invisible(name: str) -> str:
    shown = INVISIBLE.sub("", name)
    return "".join(char for char in shown if not _is_dropped(char))


def _is_dropped(char: str) -> bool:
    noncharacter = ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF
    return noncharacter or unicodedata.category(char) in DROPPED_CATEGORIES


def _trimmed(name: str) -> str:
    """Remove outer dots and spaces: Windows ignores trailing ones, shells hide leading ones."""
    return re.sub(r"^[.\s]+|[.\s]+\Z", "", name)
