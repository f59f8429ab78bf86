"""Pages of lists: from what was asked for to SQL, and from rows to the answer.

This is the one place where SQL is put together. What is put together are fragments written in this
repository; everything that came from a caller is a `$n` value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import asyncpg

from akako.kernel import cursors
from akako.kernel.database import Database
from akako.kernel.envelope import Listed, Pagination
from akako.kernel.listing import Request, Spec

T = TypeVar("T")


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


class _Page:
    """The rows of one page: which they are, and in what order."""

    def __init__(self, spec: Spec, request: Request, where: Where) -> None:
        self.spec = spec
        self.request = request
        self.sort = spec.sorts[request.sort]
        self.where = Where(str(where))
        self.where.values = list(where.values)
        if request.cursor:
            after = "<" if request.descending else ">"
            self.where.add(
                f"({self.sort.column}, {spec.identity}) {after} ({{}}, {{}})",
                cursors.value_of(request.cursor, self.sort.kind),
                request.cursor.id,
            )

    def select(self, source: str, columns: str) -> str:
        request, column, identity = self.request, self.sort.column, self.spec.identity
        offset = 0 if request.cursor else (request.page - 1) * request.limit
        place = f"{column} as _sort, {identity} as _id"
        cut = f"""
        from {source} where {self.where}
        order by {column} {request.order}, {identity} {request.order}
        limit {request.limit + 1} offset {offset}
        """
        if not offset:
            return f"select {columns}, {place} {cut}"
        # The rows that are passed over need none of their columns worked out.
        return f"""
        select {columns}, {place} from (select {identity} as at {cut}) passed, {source}
        where {identity} = passed.at
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
    """The page that was asked for and the total, in one statement and so of one moment.

    `source` is the FROM clause, `columns` the select list; neither may hold a caller's text.
    """
    asked = _Page(spec, request, where)
    matching = str(where)
    sql = f"""
    select page.*, counted.total
    from (select count(*) as total from {source} where {matching}) counted
    left join lateral ({asked.select(source, columns)}) page on true
    order by _sort {request.order}, _id {request.order}
    """
    rows = await db.fetch(sql, *asked.where.values)
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
