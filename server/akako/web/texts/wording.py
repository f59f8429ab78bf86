"""Template filters that put numbers and moments into words, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from math import ceil
from typing import Any, NamedTuple

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from akako.web.languages import translations

KB, MB, GB = 1_000, 1_000_000, 1_000_000_000
UNITS = {"fr": {"GB": "Go", "MB": "Mo", "KB": "Ko"}}  # other languages write the English units
RECENT = timedelta(days=7)
CACHED = 2_000  # moments whose words are kept, because formatting takes 0.1 ms
# The name of a file type that people use, by media type.
KINDS = {
    "application/pdf": "PDF",
    "application/msword": "DOC",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.ms-powerpoint": "PPT",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.oasis.opendocument.text": "ODT",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.oasis.opendocument.presentation": "ODP",
    "text/plain": "TXT",
    "text/markdown": "MD",
    "text/csv": "CSV",
    "text/vtt": "VTT",
    "video/mp4": "MP4",
    "video/webm": "WEBM",
    "video/quicktime": "MOV",
    "video/x-matroska": "MKV",
    "video/x-msvideo": "AVI",
    "video/ogg": "OGV",
}


class Moment(NamedTuple):
    """A moment in words, its exact time for the title, and the machine-readable form."""

    words: str
    exact: str
    iso: str


def _counted(language: str, one: str, many: str, number: int) -> str:
    return translations(language).ngettext(one, many, number) % {"num": number}


def _said(language: str, text: str) -> str:
    return str(translations(language).gettext(text))


def unit_in(language: str, unit: str) -> str:
    """Return a unit of sizes in a language."""
    return UNITS.get(language, {}).get(unit, unit)


def in_units(count: int, language: str) -> str | None:
    """Return a number of bytes such as "7 MB", one decimal below ten; None below 1 KB."""
    for unit, name in ((GB, "GB"), (MB, "MB"), (KB, "KB")):
        if count >= unit:
            value = count / unit
            shown = round(value, 1 if value < 9.95 else 0)
            return f"{_decimal(language, shown)} {unit_in(language, name)}"
    return None


def size_limit(count: int, language: str) -> str:
    """Return a limit such as "50 MB". Settings are in binary units, which are slightly larger."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB")):
        if count >= unit and count % unit == 0:
            return f"{format_decimal(count // unit, locale=language)} {unit_in(language, name)}"
    return in_units(count, language) or f"{count} B"


def limit(language: str, count: int) -> str:
    return size_limit(count, language)


def size(language: str, count: int) -> str:
    """Return a number of bytes such as "7 MB"; one decimal below ten."""
    if units := in_units(count, language):
        return units
    return _counted(language, "%(num)d byte", "%(num)d bytes", count)


def minutes(language: str, seconds: float) -> str:
    """Return a duration such as "6 minutes", at least one."""
    number = max(1, round(seconds / 60))
    return _counted(language, "%(num)d minute", "%(num)d minutes", number)


def minutes_left(language: str, seconds: float) -> str:
    number = max(1, round(seconds / 60))
    return _counted(language, "%(num)d minute left", "%(num)d minutes left", number)


def clock(seconds: float) -> str:
    """Return a position such as "4:12" or "1:02:07"."""
    hours, rest = divmod(int(seconds), 3600)
    tail = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{tail}" if hours else f"{rest // 60}:{rest % 60:02d}"


def kind(mime_type: str) -> str:
    return KINDS.get(mime_type, mime_type.partition("/")[2].upper()[:4])


def moment(language: str, at: datetime | str) -> Moment:
    """Return a moment as "3 days ago" within a week, as a date before. Text is ISO 8601."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    at = at.astimezone(UTC).replace(microsecond=0)
    day, exact, iso = _written(language, at)
    age = datetime.now(UTC) - at
    recent = timedelta(0) <= age < RECENT
    return Moment(_ago(language, int(age.total_seconds())) if recent else day, exact, iso)


def _ago(language: str, seconds: int) -> str:
    # From two minutes on, the words change at most once a minute.
    return _age(language, seconds if seconds < 120 else seconds // 60 * 60)


@lru_cache(CACHED)
def _age(language: str, seconds: int) -> str:
    # Zero has no direction: it would read "in 0 seconds".
    return format_timedelta(
        -timedelta(seconds=max(seconds, 1)), add_direction=True, locale=language
    )


@lru_cache(CACHED)
def _written(language: str, at: datetime) -> tuple[str, str, str]:
    """Return the day, the exact time and the machine-readable form. Lists repeat the same ones."""
    day = format_datetime(at, "d MMMM y", locale=language)
    exact = format_datetime(at, "d MMMM y, HH:mm 'UTC'", locale=language)
    return day, exact, at.strftime("%Y-%m-%dT%H:%M:%SZ")


def day(language: str, at: date) -> str:
    """Return a day without its year, such as "5 Oct", for the axis of a plot."""
    return _day(language, "d MMM", at)


def date_words(language: str, at: date) -> str:
    """Return a day such as "5 Oct 2026"."""
    return _day(language, "d MMM y", at)


@lru_cache(CACHED)
def _day(language: str, pattern: str, at: date) -> str:
    return format_date(at, pattern, locale=language)


def number(language: str, value: float) -> str:
    """Return a number with the separators of the language, at most one decimal."""
    return _decimal(language, round(value, 1))


@lru_cache(CACHED)
def _decimal(language: str, value: float) -> str:
    return format_decimal(value, locale=language)


def on_day(language: str, at: datetime) -> Moment:
    """Return a moment as its day: "2 November", with the year where it is not this one."""
    pattern = "d MMMM" if at.year == datetime.now(UTC).year else "d MMMM y"
    return moment(language, at)._replace(words=_day(language, pattern, at.date()))


def full_day(language: str, at: datetime) -> Moment:
    """Return a moment as its day with the year, for sentences such as "since 2 November 2026"."""
    return moment(language, at)._replace(words=_day(language, "d MMMM y", at.date()))


def within(language: str, hours: float) -> str:
    """Return how soon something usually happens: "within an hour", "within 3 days"."""
    days = ceil(hours / 24)
    if hours <= 1:
        return _said(language, "within an hour")
    if days <= 1:
        return _said(language, "within a day")
    if days <= 7:
        return _counted(language, "within %(num)d day", "within %(num)d days", days)
    return _counted(language, "within %(num)d week", "within %(num)d weeks", ceil(days / 7))


def zip_same(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return options whose text is their value."""
    return [(value, value) for value in values]


def time(at: Moment) -> Markup:
    """Return the element of a moment: in words, with the exact time as its title."""
    words, exact, iso = map(escape, at)
    return Markup(f'<time datetime="{iso}" title="{exact}">{words}</time>')  # noqa: S704 - escaped


IN_LANGUAGE = (
    size,
    limit,
    minutes,
    minutes_left,
    moment,
    day,
    date_words,
    number,
    on_day,
    full_day,
    within,
)
SAME: tuple[Callable[..., Any], ...] = (clock, kind, time, zip_same)


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """Return the filters of the templates in a language, by name."""
    bound = {each.__name__: partial(each, language) for each in IN_LANGUAGE}
    return bound | {each.__name__: each for each in SAME}
