"""Independent reads become few statements, with the results of separate ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from akako.backends.database.pool import Pool
from akako.web.staff.figures.together import Together, merge


class Counting(Pool):
    statements = 0

    async def fetchval(self, sql: str, *values: object) -> Any:
        self.statements += 1
        return await super().fetchval(sql, *values)


@pytest.fixture
async def db(new_database: Callable[[], str]) -> AsyncIterator[Counting]:
    pool = Counting(new_database(), size=2)
    yield pool
    await pool.close()


def test_parameters_are_numbered_through() -> None:
    sql, values = merge([("select $1, $2, $1", ["a", "b"]), ("select $1", ["c"])])
    assert "select $1, $2, $1)" in sql
    assert "select $3)" in sql
    assert values == ["a", "b", "c"]


async def test_reads_share_statements_round_by_round(db: Counting) -> None:
    async def rows(together: Any) -> Any:
        first = await together.fetch("select n from generate_series(1, $1::int) n order by -n", 3)
        return first, await together.fetchval("select $1::float8 / 3", 1.0)

    async def one(together: Any) -> Any:
        return await together.fetchrow("select $1::text as word, null as nothing", "été “x”")

    async def none(together: Any) -> Any:
        await asyncio.sleep(0.01)
        row = await together.fetchrow("select 1 as n where false")
        return row, await together.fetchval("select 1 where false")

    async def nothing(together: Any) -> Any:
        return "no read"

    found = await Together(db).run(rows, one, none, nothing)
    assert found == [
        ([{"n": 3}, {"n": 2}, {"n": 1}], 1 / 3),
        {"word": "été “x”", "nothing": None},
        (None, None),
        "no read",
    ]
    assert db.statements == 2


async def test_an_error_reaches_every_read(db: Counting) -> None:
    async def good(together: Any) -> Any:
        return await together.fetchval("select 1")

    async def bad(together: Any) -> Any:
        return await together.fetchval("select 1 / (1 - 1)")

    with pytest.raises(Exception, match="zero"):
        await Together(db).run(good, bad)


async def test_one_read_that_fails_before_it_asks_does_not_block_the_others(db: Counting) -> None:
    async def good(together: Any) -> Any:
        return await together.fetchval("select 1")

    async def bad(together: Any) -> Any:
        raise LookupError

    with pytest.raises(LookupError):
        await asyncio.wait_for(Together(db).run(good, bad), 10)


async def test_it_writes_nothing(db: Counting) -> None:
    with pytest.raises(NotImplementedError):
        await Together(db).execute("select 1")
    with pytest.raises(NotImplementedError):
        Together(db).transaction()
