"""Lists: page, limit, sort, order, filters, search and cursor, from the query string to SQL.

This is the one place where SQL is put together. What is put together are fragments written in this
repository; everything that came from a caller is a `$n` value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import asyncpg
import msgspec

from akako.kernel import cursors, query, text
from akako.kernel.cursors import Cursor
from akako.kernel.database import Database
from akako.kernel.envelope import Listed, Pagination
from akako.kernel.errors import ValidationFailed
from akako.kernel.ids import is_id

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_PAGE = 100_000
MAX_SEARCH = 100
KEPT_QUERIES = 500
MAX_KEPT_QUERY = 200
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
    page, limit, sort, order, search = 1, DEFAULT_LIMIT, spec.default, "", None
    with problems:
        page = query.integer("page", params.get("page", "1"), minimum=1, maximum=MAX_PAGE)
    with problems:
        limit = query.integer("limit", params.get("limit", str(DEFAULT_LIMIT)), minimum=1)
    with problems:
        sort = query.choice("sort", params.get("sort", spec.default), spec.sorts)
    with problems:
        fallback = "desc" if spec.descending else "asc"
        order = query.choice("order", params.get("order", fallback), ("asc", "desc"))
    with problems:
        search = _search(params.get("search", "")) if spec.search else None
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
        kept=urlencode({name: params[name] for name in params if name not in PLACES}),
    )


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
    ranges = {}
    for prefix in spec.dates:
        start = end = None
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


class Where:
    """Conditions joined with AND. `{}` in a fragment stands for one value."""

    def __init__(self, *clauses: str) -> None:
        self.clauses = list(clauses)
        self.values: list[object] = []

    def add(self, fragment: str, *values: object) -> None:
        for value in values:
            self.values.append(value)
            fragment = fragment.replace("{}", f"${len(self.values)}", 1)
        self.clauses.append(fragment)

    def dates(self, spec: Spec, request: Request) -> None:
        for prefix, column in spec.dates.items():
            start, end = request.dates[prefix]
            if start:
                self.add(f"{column} >= {{}}", start)
            if end:
                self.add(f"{column} < {{}}", end)

    def search(self, column: str, words: str | None) -> None:
        if words:
            escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            self.add(f"{column} like {{}}", f"%{escaped}%")

    def __str__(self) -> str:
        return " and ".join(self.clauses) or "true"


async def fetch(
    db: Database,
    spec: Spec,
    request: Request,
    *,
    source: str,
    columns: str,
    where: Where,
    build: Callable[[asyncpg.Record], T],
) -> Listed[T]:
    """The page that was asked for and the total, in one statement and so of one moment.

    `source` is the FROM clause, `columns` the select list; neither may hold a caller's text.
    """
    matching = str(where)
    values = list(where.values)
    paged = Where(matching)
    paged.values = values
    chosen = spec.sorts[request.sort]
    direction = request.order
    if request.cursor:
        paged.add(
            f"({chosen.column}, {spec.identity}) {'<' if request.descending else '>'} ({{}}, {{}})",
            cursors.value_of(request.cursor, chosen.kind),
            request.cursor.id,
        )
    offset = 0 if request.cursor else (request.page - 1) * request.limit
    sql = f"""
    select page.*, counted.total
    from (select count(*) as total from {source} where {matching}) counted
    left join lateral (
        select {columns}, {chosen.column} as _sort, {spec.identity} as _id
        from {source} where {paged}
        order by {chosen.column} {direction}, {spec.identity} {direction}
        limit {request.limit + 1} offset {offset}
    ) page on true
    order by _sort {direction}, _id {direction}
    """
    rows = await db.fetch(sql, *paged.values)
    return _page(request, rows, build)


def _page(
    request: Request, rows: list[asyncpg.Record], build: Callable[[asyncpg.Record], T]
) -> Listed[T]:
    total = rows[0]["total"]
    found = [row for row in rows if row["_id"] is not None]
    shown = found[: request.limit]
    more = len(found) > request.limit
    pagination = Pagination(
        page=request.page,
        limit=request.limit,
        total=total,
        pages=-(-total // request.limit),
        hasNext=more,
        hasPrev=request.page > 1,
    )
    following = None
    if more:
        last = shown[-1]
        following = cursors.encode(
            request.page + 1, request.sort, request.order, last["_sort"], last["_id"]
        )
    return Listed(data=[build(row) for row in shown], pagination=pagination, next=following)


def link(path: str, request: Request, cursor: str) -> str:
    """The `Link` header of the next page: an absolute-path reference that keeps all filters."""
    kept = f"{request.kept}&" if request.kept else ""
    return f'<{path}?{kept}cursor={cursor}>; rel="next"'
