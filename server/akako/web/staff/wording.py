"""Texts with numbers in them, in the visitor's language."""

from __future__ import annotations

from akako.web import languages
from akako.web.site import Visit


def counted(visit: Visit, one: str, many: str, number: int) -> str:
    """Return a text with `%(num)d` for a number, in its singular or plural form."""
    texts = languages.translations(visit.visitor.language)
    return texts.ngettext(one, many, number) % {"num": number}
