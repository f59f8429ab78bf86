"""Cut an excerpt around the first match out of a text."""

from __future__ import annotations

import re
from bisect import bisect_right

from akako.kernel.core.search_keys import fold

BEFORE, LENGTH = 60, 200

_TOKEN = re.compile(r"\S+")


def excerpt(text: str, words: list[str]) -> str | None:
    """Return about 200 characters on one line that begin shortly before the first match.

    Args:
        text: part of the content that is likely to contain a match.
        words: folded words; the first one that occurs decides.
    """
    at = next((found for word in words if (found := _find(text, word)) is not None), 0)
    start = _boundary(text, max(0, at - BEFORE), at)
    end = min(len(text), start + LENGTH)
    shown = " ".join(text[start:end].split())
    if not shown:
        return None
    return f"{'…' if start else ''}{shown}{'…' if text[end:].strip() else ''}"


def _find(text: str, word: str) -> int | None:
    joined, starts = "", []
    for token in _TOKEN.finditer(text):
        folded = fold(token[0])
        if word in folded:
            return token.start() + max(0, token[0].casefold().find(word))
        starts.append((len(joined), token.start()))
        joined += folded
    # Spaces and line ends between CJK characters do not matter.
    at = joined.find(word)
    return None if at < 0 else starts[bisect_right(starts, (at, len(text))) - 1][1]


def _boundary(text: str, start: int, at: int) -> int:
    """Return the start of the first word after `start`, but at most `at`."""
    if start == 0:
        return 0
    space = text.find(" ", start, at)
    return start if space < 0 else space + 1
