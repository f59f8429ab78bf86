"""Compute the keys by which texts are searched: as people type them.

Stored texts and the words of a search are folded by the same function, so each spelling finds the
others: case, accents, apostrophes, Turkish i, stroke letters, vowel points and width do not matter.
"""

from __future__ import annotations

import re
import unicodedata

from akako.kernel.core.text import without_invisible

# Apostrophes and the accents that are typed in their place. They are removed.
_APOSTROPHES = "'’‘ʼʻ＇`´ʹʾʿ′՚׳"  # noqa: RUF001
_TATWEEL = "\u0640"
_COMMAS = ",;，、،"  # noqa: RUF001
# Letters with a stroke or hook have no decomposition in Unicode.
_LETTERS = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
    "\u0131": "i", "ƀ": "b", "ɇ": "e", "ǥ": "g", "ɨ": "i", "ɉ": "j", "ɍ": "r", "ƶ": "z", "ȼ": "c",
    "ⱥ": "a", "ⱦ": "t", "ɏ": "y", "ŋ": "n", "ɓ": "b", "ɖ": "d", "ɗ": "d", "ɛ": "e", "ɔ": "o",
    "ی": "ي", "ک": "ك", "ى": "ي",
}  # fmt: skip
_REMOVED = str.maketrans("", "", _APOSTROPHES + _TATWEEL)
_PLAIN = str.maketrans(_LETTERS)
_KANA_VOICING = 8  # combining class of the marks that make ga from ka: another letter
_CJK = (
    r"\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    r"\uf900-\ufaff\U00020000-\U0003ffff"
)
_CJK_LETTER = re.compile(f"[{_CJK}]")
_MARKED = rf"{_CJK}\u3005-\u3007"  # with iteration mark and zero
_CJK_EDGE = re.compile(rf"(?<=[{_MARKED}])(?=[^\W{_MARKED}])|(?<=[^\W{_MARKED}])(?=[{_MARKED}])")
_CJK_SPACE = re.compile(rf"(?<=[{_CJK}]) +(?=[{_CJK}])")


def search_key(*texts: str) -> str:
    """Return the key of texts, one per line, so that no word spans two of them."""
    return "\n".join([fold(each) for each in texts])


def person_key(first_name: str, last_name: str) -> str:
    """Return the key of a full name; names in CJK scripts also with the last name first."""
    key = fold(f"{first_name} {last_name}")
    return f"{key} {fold(f'{last_name} {first_name}')}" if _CJK_LETTER.search(key) else key


def search_words(query: str) -> str:
    """Return the folded words of a search, separated by single spaces.

    A comma after a word is left out, as in "Boateng, Esi". CJK text beside other letters is a word
    of its own: some people write a space between them.
    """
    words = _CJK_EDGE.sub(" ", query).split()
    return " ".join([key for each in words if (key := fold(each.rstrip(_COMMAS) or each))])


def fold(text: str) -> str:
    """Return the text without case, marks, apostrophes and spaces between CJK characters."""
    if text.isascii():
        return " ".join(text.lower().translate(_REMOVED).split())
    shown = without_invisible(text).translate(_REMOVED)
    # Case folding can leave marks: capital I with dot becomes i and a dot.
    folded = _unmarked(_unmarked(shown).casefold()).translate(_PLAIN)
    return _CJK_SPACE.sub("", " ".join(unicodedata.normalize("NFC", folded).split()))


def _unmarked(text: str) -> str:
    kept = (0, _KANA_VOICING)
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join([each for each in decomposed if unicodedata.combining(each) in kept])
