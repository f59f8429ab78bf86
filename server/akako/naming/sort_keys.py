"""Compute the keys by which names are sorted: naturally, without case and marks."""

from __future__ import annotations

import re
import unicodedata

from akako.kernel.core.text import without_invisible

# PostgreSQL limits an index entry to 2,704 bytes. Some characters expand to 18 others.
MAX_FOLDED = 240
MAX_NAME = 120
SEPARATOR = "\n"  # sorts before every character of a name, so "A" comes before "AB"

_DIGITS = re.compile(r"\d+")


def sort_key(name: str) -> str:
    """Return the key of a name, to be compared bytewise (`collate "C"`).

    NFKD without marks, casefolded, with single spaces. A run of digits is preceded by its length,
    so "Grade 2" sorts before "Grade 10". The name itself follows and breaks ties.
    """
    if not name:
        return ""
    folded = " ".join(_unmarked(_unmarked(without_invisible(name)).casefold()).split())
    padded = _DIGITS.sub(_padded, folded)
    return f"{padded[:MAX_FOLDED]}{SEPARATOR}{name[:MAX_NAME]}"


def person_sort_keys(
    first_name: str | None, last_name: str | None, username: str | None
) -> tuple[str, str]:
    """Return the sort keys of first and last name. The username replaces a missing name."""
    shown = (first_name or username or "", last_name or username or "")
    return sort_key(shown[0]), sort_key(shown[1])


def _unmarked(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join([each for each in decomposed if not unicodedata.combining(each)])


def _padded(run: re.Match[str]) -> str:
    """Return ASCII digits without leading zeros, after their number as three digits."""
    digits = "".join([str(unicodedata.digit(each)) for each in run[0]]).lstrip("0")[:999]
    return f"{len(digits):03d}{digits}"
