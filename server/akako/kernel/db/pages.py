"""Build the SQL of a list page from a parsed request, and the page from its rows.

This is the only module that composes SQL. It composes fixed fragments from this repository; every
value that a caller sent is a `$n` parameter.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

import asyncpg
import msgspec

from akako.kernel.core.envelope import Listed, Pagination
from akako.kernel.db import cursors
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Request, Spec

T = TypeVar("T")

CACHED_STATEMENTS = 500
BATCH = 1_000  # rows of a list that is read as a whole
INDEXED_WORDS = 4


def longest_first(words: str) -> list[str]:
    """Return the different words, the longest first."""
    return sorted(set(words.split()), key=lambda word: (-len(word), word))


def containing(words: str) -> list[str]:
    """Return a LIKE pattern for each different word, the longest first."""
    found = longest_first(words)
    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in found)
    return [f"%{word}%" for word in escaped]


def _whole_number(digits: str) -> str:
    """Return a regular expression of a number, also as in "7b"; no part of a word or address."""
    zero = ord(digits[0]) - int(digits[0])
    own = f"{chr(zero)}-{chr(zero + 9)}"  # the class of PostgreSQL knows ASCII digits only
    return f"(?<![{own}a-z]){digits}(?![{own}]|[a-z][a-z0-9])"


class Where:
    """Conditions joined with AND. `{}` in a fragment is the placeholder of one value."""

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
        """Add the condition that the column contains each of the folded words.

        The longest words can use an index. The others share one condition, for few different
        statements. A number beside other words is a whole one.
        """
        patterns = containing(words or "")
        for pattern in patterns[:INDEXED_WORDS]:
            self.add(f"{column} like {{}}", pattern)
        if more := patterns[INDEXED_WORDS:]:
            self.add(f"{column} like all({{}})", more)
        if len(patterns) > 1 and (numbers := [each for each in patterns if each[1:-1].isdecimal()]):
            self.add(f"{column} ~ all({{}})", [_whole_number(each[1:-1]) for each in numbers])

    def __str__(self) -> str:
        return " and ".join(self.clauses) or "true"


class _Rows(NamedTuple):
    """Everything that the SQL of a page depends on, used as the key of the statement cache."""

    source: str
    columns: str
    matching: str
    after: str  # the matching rows after the cursor
    column: str
    identity: str
    order: str
    limit: int
    offset: int


def _rows(source: str, columns: str, spec: Spec, request: Request, where: Where) -> _Rows:
    """Describe the rows of a page. Adds the condition and values of the cursor to `where`."""
    sort, matching = spec.sorts[request.sort], str(where)
    if request.cursor:
        after = "<" if request.descending else ">"
        where.add(
            f"({sort.column}, {spec.identity}) {after} ({{}}, {{}})",
            cursors.value_of(request.cursor, sort.kind),
            request.cursor.id,
        )
    return _Rows(
        source=source,
        columns=columns,
        matching=matching,
        after=str(where),
        column=sort.column,
        identity=spec.identity,
        order=request.order,
        limit=request.limit + 1,
        offset=0 if request.cursor else (request.page - 1) * request.limit,
    )


@lru_cache(CACHED_STATEMENTS)
def _statement(rows: _Rows) -> str:
    """Return the SQL that reads page and total from one snapshot."""
    return f"""
    select page.*, counted.total
    from (select count(*) as total from {rows.source} where {rows.matching}) counted
    left join lateral ({_select(rows)}) page on true
    order by _sort {rows.order}, _id {rows.order}
    """


def _select(rows: _Rows) -> str:
    position = f"{rows.column} as _sort, {rows.identity} as _id"
    cut = f"""
    from {rows.source} where {rows.after}
    order by {rows.column} {rows.order}, {rows.identity} {rows.order}
    limit {rows.limit} offset {rows.offset}
    """
    if not rows.offset:
        return f"select {rows.columns}, {position} {cut}"
    # Skipped rows are found by id alone: their columns are not computed.
    return f"""
    select {rows.columns}, {position} from (select {rows.identity} as at {cut}) shown, {rows.source}
    where {rows.identity} = shown.at
    """


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
    """Return the requested page and the total.

    Args:
        source: FROM clause; a fixed fragment, never text of a caller.
        columns: select list; a fixed fragment, never text of a caller.
        where: conditions; the condition of the cursor is added to it.
        build: converts a row to the item of the response.
    """
    sql = _statement(_rows(source, columns, spec, request, where))
    return _page(request, await db.fetch(sql, *where.values), build)


async def every(
    spec: Spec, request: Request, fetch_page: Callable[[Request], Awaitable[Listed[T]]]
) -> AsyncGenerator[Sequence[T], None]:
    """Yield all rows of a list in batches. The page of the request is ignored.

    Each batch is one statement, so that a slow client holds no connection.
    """
    request = msgspec.structs.replace(request, page=1, limit=BATCH, cursor=None)
    while True:
        listed = await fetch_page(request)
        yield listed.data
        if listed.next is None:
            return
        cursor = cursors.read(
            {"cursor": listed.next},
            request.sort,
            request.order,
            kind=spec.sorts[request.sort].kind,
        )
        request = msgspec.structs.replace(request, cursor=cursor, page=request.page + 1)


def _page(
    request: Request, rows: list[asyncpg.Record], build: Callable[[asyncpg.Record], T]
) -> Listed[T]:
    first = rows[0]
    total = first["total"]
    # An empty page is one row that holds only the total.
    shown = rows[: request.limit] if first["_id"] is not None else []
    more = len(rows) > request.limit
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
    """Return the `Link` header of the next page: an absolute-path reference with all filters."""
    query = f"{request.next_query}&" if request.next_query else ""
    return f'<{path}?{query}cursor={cursor}>; rel="next"'
