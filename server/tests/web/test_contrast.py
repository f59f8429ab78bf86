"""Every pair of colours in use has the contrast of WCAG 2.2 AA, in the light and the dark theme."""

from __future__ import annotations

import re

import pytest

from tests.house.project import ROOT

TOKENS = (ROOT / "web" / "styles" / "tokens.css").read_text(encoding="utf-8")
TEXT, GRAPHIC = 4.5, 3.0
GROUNDS = ("bg", "surface", "sunk")
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-2", "brand") for ground in GROUNDS),
    *((ink, "brand-soft", TEXT) for ink in ("ink", "ink-2", "brand")),
    *((tone, ground, TEXT) for tone in ("ok", "warn", "bad") for ground in ("bg", "surface")),
    *((tone, f"{tone}-soft", TEXT) for tone in ("ok", "warn", "bad")),
    *(("ink", f"{tone}-soft", TEXT) for tone in ("ok", "warn", "bad")),
    *((f"hue-{number}", ground, TEXT) for number in range(8) for ground in ("bg", "surface")),
    *(("surface", f"hue-{number}", TEXT) for number in range(8)),
    ("on-brand", "brand", TEXT),
    ("surface", "bad", TEXT),
    ("surface", "ok", TEXT),
    ("bg", "ink", TEXT),
    *(("edge", ground, GRAPHIC) for ground in ("bg", "surface")),
    *(("focus", ground, GRAPHIC) for ground in GROUNDS),
]


def colours(theme: str) -> dict[str, str]:
    """Return the tokens of a theme; the dark one overrides those of the light one."""
    light, dark = TOKENS.split("prefers-color-scheme: dark")
    found = dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", light))
    if theme == "dark":
        found |= dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", dark))
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_has_enough_contrast(theme: str) -> None:
    tokens = colours(theme)
    measured = [
        (front, back, contrast(tokens[front], tokens[back]), least) for front, back, least in PAIRS
    ]
    weak = [
        f"{front} on {back}: {ratio:.2f}" for front, back, ratio, least in measured if ratio < least
    ]
    assert weak == []


def test_both_themes_define_every_colour() -> None:
    light, dark = TOKENS.split("prefers-color-scheme: dark")
    names = [set(re.findall(r"--([\w-]+): #", each)) for each in (light, dark)]
    assert names[0] == names[1]
    assert len(names[0]) > 20


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
