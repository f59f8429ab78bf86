"""Texts with numbers in them, in the visitor's language."""

from __future__ import annotations

from typing import NamedTuple

from akako.analytics.schemas import parse_day
from akako.kernel.core.text import TextError
from akako.web import languages
from akako.web.site import Visit


class Problem(NamedTuple):
    """What is wrong with a filter, and what to do."""

    field: str
    text: str


def range_problem(visit: Visit, first: str, last: str) -> Problem | None:
    """Return what is wrong with the order or the form of two typed days; None if they are fine."""
    for field, typed in (("from", first), ("to", last)):
        try:
            if typed:
                parse_day(typed)
        except TextError:
            text = visit.text(
                "“%(typed)s” is not a date from 1970 on. Enter a date such as 2026-01-31.",
                typed=typed,
            )
            return Problem(field, text)
    if first and last and first > last:
        text = visit.text(
            "The range ends before it begins. Choose a first day that is not after the last day."
        )
        return Problem("from", text)
    return None


def counted(visit: Visit, one: str, many: str, number: int) -> str:
    """Return a text with `%(num)d` for a number, in its singular or plural form."""
    texts = languages.translations(visit.visitor.language)
    return texts.ngettext(one, many, number) % {"num": number}
