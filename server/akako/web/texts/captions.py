"""Captions of a topic's video: which documents they are, and in which language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec
from babel import Locale, UnknownLocaleError

from akako.filetypes.formats.captions import MIME

CACHED = 500
# A language tag (RFC 5646) of language, script and region that ends a name: `lesson-pt-BR.vtt`.
TAG = re.compile(
    r"(?:^|(?<=[._ -]))[a-z]{2,3}(?:[_-][a-z]{4})?(?:[_-](?:[a-z]{2}|[0-9]{3}))?(?=\.vtt$)",
    re.IGNORECASE,
)
# Codes of languages that end names as English words: `how-to.vtt`. After a dot they are languages.
WORDS = frozenset({"am", "as", "be", "he", "in", "is", "it", "my", "no", "or", "so", "to"})


class File(Protocol):
    """A document with what tells that it is captions, and of which language."""

    id: str
    name: str
    mime_type: str
    size: int

    @property
    def file_name(self) -> str: ...


class Caption(msgspec.Struct, frozen=True, kw_only=True):
    """Captions in one language; `default` where the player shows them at once."""

    id: str
    language: str  # a language tag
    label: str
    size: int
    default: bool = False

    @property
    def href(self) -> str:
        return f"/media/documents/{self.id}"


def is_captions(file: File) -> bool:
    return file.mime_type == MIME


def language_of(file: File) -> str | None:
    """Return the language tag in the name of a file, such as `fr` in `lesson.fr.vtt`.

    The name that a mentor gave counts before the name of the file.
    """
    return _language(file.name) or _language(file.file_name)


def captions(files: Iterable[File], language: str) -> list[Caption]:
    """Return the captions among the documents of a topic with a video.

    Args:
        files: The documents.
        language: The language of the page, which captions without a language are taken to have.
            The first captions in this language are shown at once.
    """
    found = [(each, language_of(each) or language) for each in files if is_captions(each)]
    count = Counter(tag for _, tag in found)
    chosen = _preferred([tag for _, tag in found], language)
    return [
        Caption(
            id=each.id,
            language=tag,
            label=each.name if count[tag] > 1 else own_name(tag),
            size=each.size,
            default=place == chosen,
        )
        for place, (each, tag) in enumerate(found)
    ]


def _preferred(tags: Sequence[str], language: str) -> int | None:
    """Return the place of the first tag that is the language, or else a variety of it."""
    if language in tags:
        return tags.index(language)
    same = (place for place, tag in enumerate(tags) if tag.partition("-")[0] == language)
    return next(same, None)


@lru_cache(CACHED)
def own_name(tag: str) -> str:
    """Return the name of a language in itself: `Français` for `fr`."""
    name = Locale.parse(tag, sep="-").get_display_name() or tag
    return name[0].upper() + name[1:]


@lru_cache(CACHED)
def _language(name: str) -> str | None:
    at = 0
    while match := TAG.search(name, at):
        at = match.start() + 1
        word = match[0].lower() in WORDS and name[match.start() - 1 : match.start()] != "."
        if not word and (tag := _known(match[0])):
            return tag
    return None


def _known(tag: str) -> str | None:
    """Return the tag in its usual spelling if it names a language that has a name."""
    try:
        locale = Locale.parse(tag.replace("_", "-"), sep="-", resolve_likely_subtags=False)
    except (UnknownLocaleError, ValueError):
        return None
    return str(locale).replace("_", "-") if locale.get_display_name() else None
