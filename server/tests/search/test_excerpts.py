"""The excerpt shows the word that was found."""

from __future__ import annotations

import pytest

from akako.search.excerpts import LENGTH, excerpt


@pytest.mark.parametrize(
    ("text", "word", "shown"),
    [
        ("word " * 200 + "Straße", "strasse", "Straße"),
        ("l'" * 400 + " l'été", "lete", "l'été"),
        ("山 田 " * 200 + "太 郎 針", "太郎針", "太 郎 針"),
        ("学习很好。\n" * 100 + "最好的方\n法", "方法", "最好的方 法"),
    ],
)
def test_the_match_is_shown(text: str, word: str, shown: str) -> None:
    found = excerpt(text, [word])
    assert found is not None
    assert shown in found
    assert len(found) <= LENGTH + 2


def test_a_text_without_the_word_shows_its_beginning() -> None:
    assert excerpt("one two", ["three"]) == "one two"
