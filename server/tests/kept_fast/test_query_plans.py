"""Lists stay fast in a large school, because every page of them comes from an index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from akako.identity import queries as identity
from tests.kept_fast import school
from tests.kept_fast.analyses import slow_analyses
from tests.kept_fast.cases import Case, all_cases
from tests.kept_fast.learning_cases import learning
from tests.kept_fast.plans import Plan, Statement, caught, every, explain
from tests.kept_fast.request_cases import request_cases
from tests.kept_fast.webhook_cases import webhooks
from tests.parts.postgres import drop_database

# The cursor's own bound, beside or without that of the parent.
BOUND = re.compile(r"ROW\(|[<>]=")


def faults(case: Case, plan: Plan) -> Iterator[str]:
    used = [index for index in plan.page_indexes if re.fullmatch(case.pattern, index)]
    if not used:
        yield f"the page does not come from {case.pattern}"
    if plan.page_sorts and not case.sorts:
        yield "the page is sorted instead of read in order"
    read = plan.scanned(plan.nodes if case.narrow else plan.page) & school.LARGE
    if read:
        yield f"read as a whole: {', '.join(sorted(read))}"
    if case.seeks and not any(BOUND.search(plan.conditions(index)) for index in used):
        yield "it does not begin at the cursor"


def rows_looked_into(db: psycopg.Connection[tuple[Any, ...]], statement: Statement) -> int:
    """How often roles were looked up for a page of users."""
    run = explain(db, statement, "force_custom_plan", "analyze, ")
    looks = [node for node in every(run.root) if node.get("Relation Name") == "user_roles"]
    assert looks
    return max(int(node["Actual Loops"]) for node in looks)


@pytest.fixture
def large_school(new_database: Callable[[], str]) -> Iterator[str]:
    """Yield the URL of the database, whose 2 GB are free again after the test."""
    url = new_database()
    try:
        school.fill(url)
        yield url
    finally:
        drop_database(url)


# One test, because the school takes seconds to fill and parallel tests would each fill their own.
@pytest.mark.timeout(600)
async def test_every_list_uses_its_index_in_a_large_school(large_school: str) -> None:
    found: dict[str, Any] = {}
    with psycopg.connect(large_school, autocommit=True) as db:
        (rows,) = db.execute("select count(*) from topic_progress").fetchone() or (0,)
        assert rows == 10_000_000
        for case in (*all_cases(), *request_cases(), *learning(), *webhooks()):
            statement = await caught(case.ask, case.spec, case.params)
            for mode in case.modes:
                plan = explain(db, statement, mode)
                if wrong := list(faults(case, plan)):
                    found[f"{case.name} ({mode})"] = "; ".join(wrong) + f"\n{plan}"
        deep = await caught(identity.list_users, identity.USERS, {"page": "4501"})
        assert 0 < rows_looked_into(db, deep) <= 30
    found |= await slow_analyses(large_school)
    assert found == {}, "\n\n".join(f"{name}: {text}" for name, text in found.items())
