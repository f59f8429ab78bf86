"""Run independent reads as few statements: what all of them wait for is sent at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from akako.kernel.db.database import Database

NUMBER = re.compile(r"\$(\d+)")
Row = dict[str, Any]
Read = Callable[[Any], Awaitable[Any]]


class _Asked(NamedTuple):
    sql: str
    values: tuple[object, ...]
    found: asyncio.Future[list[Row]]


def merge(parts: Sequence[tuple[str, Sequence[object]]]) -> tuple[str, list[object]]:
    """Return one statement with a row of JSON arrays, one for each part, and its values."""
    columns, values = list[str](), list[object]()
    for sql, own in parts:
        rows = _shifted(sql, len(values))
        columns.append(f"(select coalesce(json_agg(part), '[]')::text from ({rows}) part)")
        values.extend(own)
    return f"select array[{', '.join(columns)}]", values


def _shifted(sql: str, by: int) -> str:
    """Return the statement with higher numbers of its parameters."""
    return NUMBER.sub(lambda found: f"${int(found[1]) + by}", sql)


class Together:
    """A `Database` for reads that run at the same time.

    Rows are dictionaries of JSON values: numbers, texts, booleans and null. Dates and moments
    arrive as text, so reads of those need a connection of their own.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._asked: list[_Asked] = []
        self._running = 0
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self, *reads: Read) -> list[Any]:
        """Return the results of the reads, each of which receives this database."""
        self._running = len(reads)
        return await asyncio.gather(*(self._run(read) for read in reads))

    async def _run(self, read: Read) -> Any:
        try:
            return await read(self)
        finally:
            self._running -= 1
            self._send_if_all_wait()

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        found = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(sql, values, found))
        self._send_if_all_wait()
        rows: list[Row] = await found
        return rows

    async def fetchrow(self, sql: str, *values: object) -> Row | None:
        return next(iter(await self.fetch(sql, *values)), None)

    async def fetchval(self, sql: str, *values: object) -> Any:
        row = await self.fetchrow(sql, *values)
        return next(iter(row.values())) if row else None

    async def execute(self, sql: str, *values: object) -> str:
        raise NotImplementedError("reads change nothing")

    def transaction(self) -> Any:
        raise NotImplementedError("reads open no transaction")

    def _send_if_all_wait(self) -> None:
        if self._asked and len(self._asked) == self._running:
            asked, self._asked = self._asked, []
            task = asyncio.get_running_loop().create_task(self._send(asked))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, asked: Sequence[_Asked]) -> None:
        try:
            sql, values = merge([(each.sql, each.values) for each in asked])
            texts = await self._db.fetchval(sql, *values)
            for each, text in zip(asked, texts, strict=True):
                if not each.found.done():
                    each.found.set_result(msgspec.json.decode(text, type=list[Row]))
        except BaseException as error:
            for each in asked:
                if not each.found.done():
                    each.found.set_exception(error)
