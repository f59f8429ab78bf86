"""The key by which texts are searched, for many scripts."""

from __future__ import annotations

import pytest

from akako.kernel.core.search_keys import fold, person_key, search_key, search_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Plain   TEXT ", "plain text"),
        ("José Muñoz", "jose munoz"),
        ("Nguyễn", "nguyen"),
        ("Łukasz Øster Đorđe Ħal", "lukasz oster dorde hal"),
        ("Straße", "strasse"),
        ("O'Connor O’Connor OʼConnor O＇Connor", "oconnor " * 3 + "oconnor"),
        ("I ı İ i", "i i i i"),
        ("Işıl IŞIL işil", "isil isil isil"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("Йод", "иод"),
        ("مُحَمَّد", "محمد"),
        ("أحمد", "احمد"),
        ("محمـــد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("ＡＢＣ １２", "abc 12"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("ガ カ", "ガカ"),
        ("山田 太郎", "山田太郎"),
        ("山田　太郎", "山田太郎"),
        ("김 철수", "김철수"),
        ("山田 Taro", "山田 taro"),
        ("zero\u200bwidth", "zerowidth"),
        ("हिन्दी", "हिनदी"),
        ("", ""),
        ("'", ""),
    ],
)
def test_fold(text: str, expected: str) -> None:
    assert fold(text) == expected
    assert fold(expected) == expected


def test_lines_words_and_people() -> None:
    assert search_key("Ä", "B  c") == "a\nb c"
    assert search_words(" 太郎  山田 É ' ") == "太郎 山田 e"
    assert person_key("José", "Muñoz") == "jose munoz"
    assert person_key("太郎", "山田") == "太郎山田 山田太郎"
