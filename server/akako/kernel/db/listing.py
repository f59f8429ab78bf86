"""Parse the query strings of list endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from akako.kernel.core.errors import ValidationFailed
from akako.kernel.core.ids import is_id
from akako.kernel.core.search_keys import search_words
from akako.kernel.db import cursors, query
from akako.kernel.db.cursors import Cursor

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_PAGE = 100_000
MAX_SEARCH = 100
CACHED_QUERIES = 500
MAX_CACHED_QUERY_BYTES = 200
PLAIN = re.compile(r"[A-Za-z0-9_.-]*", re.ASCII)
NO_BOUNDS = (None, None)
POSITIONS = {"page", "cursor"}  # parameters that select the position in the list


class Sort(msgspec.Struct, frozen=True):
    """A column to sort by. `kind` is the SQL type of the value that a cursor carries."""

    column: str
    kind: Literal["timestamptz", "text", "integer"] = "timestamptz"


class Choice(msgspec.Struct, frozen=True):
    """A filter with fixed values; `many` accepts a comma-separated list."""

    allowed: tuple[str, ...]
    many: bool = False


class Flag(msgspec.Struct, frozen=True):
    """A boolean filter."""


class Reference(msgspec.Struct, frozen=True):
    """A filter that takes the id of another resource."""


Filter = Choice | Flag | Reference


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """The sorts, filters and ranges that a list endpoint accepts."""

    sorts: Mapping[str, Sort]
    default: str
    descending: bool = False
    filters: Mapping[str, Filter] = {}
    search: bool = False
    dates: Mapping[str, str] = {}  # prefix of the parameter names → column
    identity: str = "id"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed list request. Filters that the caller did not send are absent."""

    page: int
    limit: int
    sort: str
    descending: bool
    cursor: Cursor | None
    search: str | None  # words, folded like the stored search keys
    filters: Mapping[str, Any]
    dates: Mapping[str, tuple[datetime | None, datetime | None]]
    next_query: str  # the query string of the next page, without its cursor

    @property
    def order(self) -> str:
        return "desc" if self.descending else "asc"

    def __getitem__(self, name: str) -> Any:
        return self.filters.get(name)


class _Problems:
    """Collect the violations of several parameters, so that one response lists all of them."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ValidationFailed):
            return False
        self.found += error.violations
        return True


def reader(spec: Spec) -> Callable[[bytes], Request]:
    """Return a parser for the query strings of a list, with a cache for short ones."""
    cached = lru_cache(CACHED_QUERIES)(lambda raw: read(spec, query.parse_query(raw)))

    def read_query(raw: bytes) -> Request:
        # The length limit bounds the memory of the cache.
        if len(raw) > MAX_CACHED_QUERY_BYTES:
            return read(spec, query.parse_query(raw))
        return cached(raw)

    return read_query


def read(spec: Spec, params: Mapping[str, str]) -> Request:
    """Parse the query parameters of a list.

    Raises:
        ValidationFailed: with every violation, not only the first.
    """
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
        next_query=_encoded({name: params[name] for name in params if name not in POSITIONS}),
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
    """Parse the half-open date ranges. A date without time as the end includes that day."""
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
            # A date as the end means the start of the next day, so equal bounds are reversed here.
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
    return search_words(value) or None
