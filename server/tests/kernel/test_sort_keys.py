"""The key by which names are sorted, for many scripts."""

from __future__ import annotations

import random

import pytest

from akako.naming.sort_keys import sort_key


@pytest.mark.parametrize(
    "names",
    [
        ["Grade 1", "Grade 2", "Grade 10", "Grade 010a", "Grade 100"],
        ["1 a", "2 a", "10 a", "a"],
        ["Agren", "agren", "Ågren", "Agrena"],
        ["A", "a", "A B", "AB", "b", "Ç", "D"],
        ["Straße 2", "Strasse 10"],
        ["Chapter ٢", "Chapter 10"],
        ["Γ", "Δ", "δ"],
        ["", "a"],
        ["Version 1.2", "Version 1.10"],
        ["9" * 40, "1" + "0" * 40],
    ],
)
def test_order(names: list[str]) -> None:
    mixed = random.Random(1).sample(names, len(names))
    assert sorted(mixed, key=lambda name: sort_key(name).encode()) == names


def test_a_key_fits_into_an_index() -> None:
    assert len(sort_key("\ufdfa" * 120).encode()) < 2_600
    assert len(sort_key("9" * 120).encode()) < 2_600
    assert sort_key("Ågren 2") == "agren 0012\nÅgren 2"
