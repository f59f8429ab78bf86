"""Lists as callers ask for them: page, limit, sort, order, filters, search and cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from akako.kernel import cursors, query, text
from akako.kernel.cursors import Cursor
from akako.kernel.errors import ValidationFailed
from akako.kernel.ids import is_id

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_PAGE = 100_000
MAX_SEARCH = 100
KEPT_QUERIES = 500
MAX_KEPT_QUERY = 200
PLAIN = re.compile(r"[A-Za-z0-9_.-]*", re.ASCII)
NO_BOUNDS = (None, None)
PLACES = {"page", "cursor"}  # parameters that say where in the list


class Sort(msgspec.Struct, frozen=True):
    """A column that a list may be sorted by. `kind` is the SQL type that a cursor carries."""

    column: str
    kind: Literal["timestamptz", "text"] = "timestamptz"


class Choice(msgspec.Struct, frozen=True):
    """A filter over fixed words; `many` allows a comma list."""

    allowed: tuple[str, ...]
    many: bool = False


class Flag(msgspec.Struct, frozen=True):
    """A filter that is true or false."""


class Reference(msgspec.Struct, frozen=True):
    """A filter that names another thing by its id."""


Filter = Choice | Flag | Reference


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What callers may ask of a list."""

    sorts: Mapping[str, Sort]
    default: str
    descending: bool = False
    filters: Mapping[str, Filter] = {}
    search: bool = False
    dates: Mapping[str, str] = {}  # prefix of the parameter names → column
    identity: str = "id"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A list as asked for. Filters that were not given are absent."""

    page: int
    limit: int
    sort: str
    descending: bool
    cursor: Cursor | None
    search: str | None  # folded like the stored search keys
    filters: Mapping[str, Any]
    dates: Mapping[str, tuple[datetime | None, datetime | None]]
    kept: str  # the query string of the pages that follow, but for their cursor

    @property
    def order(self) -> str:
        return "desc" if self.descending else "asc"

    def __getitem__(self, name: str) -> Any:
        return self.filters.get(name)


class _Problems:
    """Collects what is wrong with several parameters, so that callers hear of all at once."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ValidationFailed):
            return False
        self.found += error.violations
        return True


def reader(spec: Spec) -> Callable[[bytes], Request]:
    """What understands the query strings of a list. The usual ones are understood but once."""
    understand = lru_cache(KEPT_QUERIES)(lambda raw: read(spec, query.parse_query(raw)))

    def read_query(raw: bytes) -> Request:
        # Of bounded length, so that nobody fills the memory with them.
        if len(raw) > MAX_KEPT_QUERY:
            return read(spec, query.parse_query(raw))
        return understand(raw)

    return read_query


def read(spec: Spec, params: Mapping[str, str]) -> Request:
    """Understand the query string of a list. Raise ValidationFailed with all that is wrong."""
    problems = _Problems()
    page, limit, sort, search = 1, DEFAULT_LIMIT, spec.default, None
    order = "desc" if spec.descending else "asc"
    if "page" in params:
        with problems:
            page = query.integer("page", params["page"], minimum=1, maximum=MAX_PAGE)
    if "limit" in params:
        with problems:
            limit = query.integer("limit", params["limit"], minimum=1)
    if "sort" in params:
        with problems:
            sort = query.choice("sort", params["sort"], spec.sorts)
    if "order" in params:
        with problems:
            order = query.choice("order", params["order"], ("asc", "desc"))
    if spec.search and "search" in params:
        with problems:
            search = _search(params["search"])
    filters, dates = _filters(spec, params, problems), _dates(spec, params, problems)
    if problems.found:
        raise ValidationFailed(problems.found)
    cursor = cursors.read(params, sort, order, kind=spec.sorts[sort].kind)
    return Request(
        page=cursor.page if cursor else page,
        limit=min(limit, MAX_LIMIT),
        sort=sort,
        descending=order == "desc",
        cursor=cursor,
        search=search,
        filters=filters,
        dates=dates,
        kept=_encoded({name: params[name] for name in params if name not in PLACES}),
    )


def _encoded(params: dict[str, str]) -> str:
    if PLAIN.fullmatch("".join((*params, *params.values()))):
        return "&".join([f"{name}={value}" for name, value in params.items()])
    return urlencode(params)


def _filters(spec: Spec, params: Mapping[str, str], problems: _Problems) -> dict[str, Any]:
    filters = {}
    for name, kind in spec.filters.items():
        if name in params:
            with problems:
                filters[name] = _filter(name, params[name], kind)
    return filters


def _dates(
    spec: Spec, params: Mapping[str, str], problems: _Problems
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Half-open ranges. A bare date as the end includes that whole day."""
    ranges: dict[str, tuple[datetime | None, datetime | None]] = {}
    for prefix in spec.dates:
        start = end = None
        if f"{prefix}From" not in params and f"{prefix}To" not in params:
            ranges[prefix] = NO_BOUNDS
            continue
        with problems:
            if (first := f"{prefix}From") in params:
                start = query.instant_or_day(first, params[first])
            if (last := f"{prefix}To") in params:
                end = query.instant_or_day(last, params[last], end=True)
            # A bare date as the end is over before its `end` begins.
            if start and end and (start > end or (start == end and query.is_day(params[last]))):
                raise ValidationFailed.of(first, f"Must not be after {last}", params[first])
        ranges[prefix] = (start, end)
    return ranges


def _filter(name: str, value: str, kind: Filter) -> Any:
    if isinstance(kind, Flag):
        return query.boolean(name, value)
    if isinstance(kind, Reference):
        if not is_id(value):
            raise ValidationFailed.of(name, "Must be an id", value)
        return value
    if kind.many:
        return query.choices(name, value, kind.allowed)
    return query.choice(name, value, kind.allowed)


def _search(value: str) -> str | None:
    if len(value) > MAX_SEARCH:
        raise ValidationFailed.of("search", f"Must be at most {MAX_SEARCH} characters", value)
    return text.name_key(value) or None
