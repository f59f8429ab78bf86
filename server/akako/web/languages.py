"""The languages of the web app: gettext catalogues, and which one a request gets."""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DEFAULT = "en"
LANGUAGES = {"en": "English", "fr": "Français"}
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts of a language. English is the language of the sources."""
    if language == DEFAULT:
        return NullTranslations()
    source = files("akako.web") / "locales" / f"{language}.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=language))
    compiled.seek(0)
    return Translations(compiled)


def negotiate(chosen: str | None, accepted: str) -> str:
    """Return the language of a request.

    Args:
        chosen: The user's own choice.
        accepted: The value of `Accept-Language` (RFC 9110, section 12.5.4).
    """
    if chosen in LANGUAGES:
        return str(chosen)
    wanted = [part.partition(";")[0].strip().replace("-", "_") for part in accepted.split(",")]
    return negotiate_locale([each for each in wanted if each], list(LANGUAGES)) or DEFAULT
