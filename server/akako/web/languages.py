"""The languages of the web app: gettext catalogues, and which one a request gets."""

from __future__ import annotations

import io
from functools import cache, lru_cache
from importlib.resources import files

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DEFAULT = "en"
LANGUAGES = {"en": "English", "fr": "Français"}
CACHED = 500  # values of Accept-Language; browsers of a school send few
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


@lru_cache(CACHED)
def negotiate(chosen: str | None, accepted: str) -> str:
    """Return the language of a request.

    Args:
        chosen: The user's own choice.
        accepted: The value of `Accept-Language` (RFC 9110, section 12.5.4).
    """
    if chosen in LANGUAGES:
        return str(chosen)
    wanted = [_weighted(part) for part in accepted.split(",")]
    ordered = sorted(wanted, key=lambda each: -each[1])
    names = [name for name, weight in ordered if name and weight > 0]
    return negotiate_locale(names, list(LANGUAGES)) or DEFAULT


def _weighted(part: str) -> tuple[str, float]:
    """Return language and weight of a part such as "fr-CA;q=0.8"; a wrong weight counts as 0."""
    name, _, parameter = part.partition(";")
    key, _, value = parameter.strip().partition("=")
    try:
        weight = float(value) if key.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return name.strip().replace("-", "_"), weight


def others(language: str) -> list[tuple[str, str]]:
    """Return code and name of the languages that a page in this language offers."""
    return [(code, name) for code, name in LANGUAGES.items() if code != language]
