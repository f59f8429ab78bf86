"""The statements that lists run, caught on their way, and the plans that PostgreSQL makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import asyncpg
import psycopg
from psycopg import sql

from akako.kernel.db import listing
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Spec

Node = dict[str, Any]
Ask = Callable[[Database, listing.Request], Awaitable[object]]
# A statement that runs often may be planned for its values each time, or once for all values.
MODES = ("force_custom_plan", "force_generic_plan")


class Statement(NamedTuple):
    text: str
    values: tuple[object, ...]


class _Caught(Exception):
    def __init__(self, statement: Statement) -> None:
        super().__init__()
        self.statement = statement


class _Catching:
    """A `Database` that runs nothing."""

    async def fetch(self, text: str, *values: object) -> list[asyncpg.Record]:
        raise _Caught(Statement(text, values))

    async def fetchrow(self, text: str, *values: object) -> asyncpg.Record | None:
        raise _Caught(Statement(text, values))

    async def fetchval(self, text: str, *values: object) -> Any:
        raise _Caught(Statement(text, values))

    async def execute(self, text: str, *values: object) -> str:
        raise _Caught(Statement(text, values))

    def transaction(self) -> Any:
        raise AssertionError("a list opens no transaction")


async def caught(ask: Ask, spec: Spec, params: dict[str, str]) -> Statement:
    """The one statement of a list."""
    try:
        await ask(_Catching(), listing.read(spec, params))
    except _Caught as found:
        return found.statement
    raise AssertionError("no statement was run")


class Plan:
    """A plan of the whole statement: the count beside the page."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.nodes = list(_below(root))
        limits = [node for node in self.nodes if node["Node Type"] == "Limit"]
        assert len(limits) == 1, [node["Node Type"] for node in self.nodes]
        self.page = list(_below(limits[0]))

    @property
    def page_indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.page if "Index Name" in node}

    @property
    def page_sorts(self) -> bool:
        return any(node["Node Type"] == "Sort" for node in self.page)

    def scanned(self, nodes: list[Node]) -> set[str]:
        """Tables that are read from their first row to their last."""
        return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}

    def conditions(self, index: str) -> str:
        """What the page looks for in an index."""
        found = [node for node in self.page if node.get("Index Name") == index]
        return " ".join(str(node.get("Index Cond", "")) for node in found)

    def __str__(self) -> str:
        return "\n".join(_lines(self.root, 0))


def _below(node: Node) -> Iterator[Node]:
    """The node and all that feeds it, but not what is computed for single rows."""
    yield node
    for child in node.get("Plans", []):
        if child["Parent Relationship"] not in ("SubPlan", "InitPlan"):
            yield from _below(child)


def _lines(node: Node, depth: int) -> Iterator[str]:
    words = [node["Node Type"], node.get("Relation Name", ""), node.get("Index Name", "")]
    words += [f"{key}: {node[key]}" for key in ("Index Cond", "Filter", "Sort Key") if key in node]
    yield "  " * depth + " ".join(filter(None, words))
    for child in node.get("Plans", []):
        yield from _lines(child, depth + 1)


def every(node: Node) -> Iterator[Node]:
    """The node and all below it, also what is computed for single rows."""
    yield node
    for child in node.get("Plans", []):
        yield from every(child)


def explain(
    db: psycopg.Connection[tuple[Any, ...]], statement: Statement, mode: str, more: str = ""
) -> Plan:
    """The plan that PostgreSQL makes; with `analyze, ` as `more`, and how often each part ran."""
    db.execute(f"set plan_cache_mode = {mode}".encode())
    db.execute(b"prepare listed as " + statement.text.encode())
    values = sql.SQL(", ").join(map(sql.Literal, statement.values))
    run = (
        sql.SQL("execute listed({})").format(values)
        if statement.values
        else sql.SQL("execute listed")
    )
    row = db.execute(sql.SQL(f"explain ({more}format json) ") + run).fetchone()
    db.execute("deallocate listed")
    assert row
    return Plan(row[0][0]["Plan"])
