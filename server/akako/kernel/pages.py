"""Pages of lists: from what was asked for to SQL, and from rows to the answer.

This is the one place where SQL is put together. What is put together are fragments written in this
repository; everything that came from a caller is a `$n` value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeVar

import asyncpg

from akako.kernel import cursors
from akako.kernel.database import Database
from akako.kernel.envelope import Listed, Pagination
from akako.kernel.listing import Request, Spec

T = TypeVar("T")

KEPT_STATEMENTS = 500


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


class _Rows(NamedTuple):
    """Which rows a page shows, and in what order: all that its SQL depends on."""

    source: str
    columns: str
    matching: str
    after: str  # the rows behind the cursor, among those that match
    column: str
    identity: str
    order: str
    limit: int
    offset: int


def _rows(source: str, columns: str, spec: Spec, request: Request, where: Where) -> _Rows:
    """The values of the conditions are those of `where`, to which those of the cursor are added."""
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


@lru_cache(KEPT_STATEMENTS)
def _statement(rows: _Rows) -> str:
    """The page and the total, in one statement and so of one moment."""
    return f"""
    select page.*, counted.total
    from (select count(*) as total from {rows.source} where {rows.matching}) counted
    left join lateral ({_select(rows)}) page on true
    order by _sort {rows.order}, _id {rows.order}
    """


def _select(rows: _Rows) -> str:
    place = f"{rows.column} as _sort, {rows.identity} as _id"
    cut = f"""
    from {rows.source} where {rows.after}
    order by {rows.column} {rows.order}, {rows.identity} {rows.order}
    limit {rows.limit} offset {rows.offset}
    """
    if not rows.offset:
        return f"select {rows.columns}, {place} {cut}"
    # The rows that are passed over need none of their columns worked out.
    return f"""
    select {rows.columns}, {place} from (select {rows.identity} as at {cut}) passed, {rows.source}
    where {rows.identity} = passed.at
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
    """The page that was asked for and the total.

    `source` is the FROM clause, `columns` the select list; neither may hold a caller's text.
    `where` is used up: those of the cursor are added to its conditions.
    """
    sql = _statement(_rows(source, columns, spec, request, where))
    return _page(request, await db.fetch(sql, *where.values), build)


def _page(
    request: Request, rows: list[asyncpg.Record], build: Callable[[asyncpg.Record], T]
) -> Listed[T]:
    first = rows[0]
    total = first["total"]
    # Where nothing was found, one row holds the total and nothing else.
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
    """The `Link` header of the next page: an absolute-path reference that keeps all filters."""
    kept = f"{request.kept}&" if request.kept else ""
    return f'<{path}?{kept}cursor={cursor}>; rel="next"'
