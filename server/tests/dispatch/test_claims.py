"""Deliveries are claimed within the limits, and results are recorded once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import psycopg

from akako.backends.database.pool import Pool
from akako.dispatch import claims
from akako.dispatch.claims import Claimed, Result
from akako.dispatch.distribution import distribute
from akako.kernel.core.ids import new_id
from tests.dispatch.rows import add_endpoint, add_events, set_plan
from tests.factories import create_user


async def claim(pool: Pool) -> list[Claimed]:
    async with pool.transaction() as tx:
        return await claims.claim(tx)


async def finish(pool: Pool, *claimed: Claimed, status: int | None = 500) -> list[Any]:
    """Record the same result for all; return the disabled endpoints."""
    results = [
        Result(
            delivery=each,
            delivered=status == 204,
            jitter=1.0,
            response_status=status,
            error=None if status == 204 else "failed",
        )
        for each in claimed
    ]
    async with pool.transaction() as tx:
        await claims.record(tx, results)
        return await claims.record_endpoints(tx, results)


async def make_due(pool: Pool) -> None:
    sql = "update webhook_deliveries set next_attempt_at = now() where status = 'PENDING'"
    await pool.execute(sql)


def per_endpoint(claimed: list[Claimed]) -> list[int]:
    return sorted(Counter(each.endpoint_id for each in claimed).values())


async def test_five_per_endpoint_are_in_flight(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    for _ in range(2):
        await add_endpoint(pool)
    await add_events(pool, 8)
    assert await distribute(pool) == 8
    first = await claim(pool)
    assert per_endpoint(first) == [5, 5]
    assert await claim(pool) == []
    await finish(pool, first[0], status=204)
    (second,) = await claim(pool)
    assert second.endpoint_id == first[0].endpoint_id
    assert second.id not in {each.id for each in first}


async def test_fifty_are_in_flight_in_all(pool: Pool) -> None:
    """Concurrent processes share the limit, and endpoints share it evenly."""
    await set_plan(pool, "ENTERPRISE")
    for _ in range(20):
        await add_endpoint(pool)
    await add_events(pool, 5)
    await distribute(pool)
    found = await asyncio.gather(*(claim(pool) for _ in range(4)))
    claimed = [each for some in found for each in some]
    assert len(claimed) == len({each.id for each in claimed}) == 50
    assert set(per_endpoint(claimed)) == {2, 3}


async def test_a_failing_endpoint_has_one_and_leaves_room(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    failing = [await add_endpoint(pool, failures=3) for _ in range(40)]
    healthy = [await add_endpoint(pool, failures=2) for _ in range(6)]
    await add_events(pool, 5)
    await distribute(pool)
    found = Counter(each.endpoint_id for each in await claim(pool))
    assert {found[each] for each in healthy} == {5}
    assert sum(found[each] for each in failing) == 20
    assert max(found[each] for each in failing) == 1
    await pool.execute("update webhook_deliveries set claimed_until = null")
    await pool.execute("delete from webhook_endpoints where id = any($1)", healthy)
    assert len(await claim(pool)) == claims.MAX_FAILING


async def test_nothing_is_claimed_without_the_plan(pool: Pool) -> None:
    await set_plan(pool, "PRO")
    await add_endpoint(pool)
    await add_events(pool, 2)
    await distribute(pool)
    assert await claim(pool) == []
    await set_plan(pool, "ENTERPRISE")
    assert len(await claim(pool)) == 2


def add_user(url: str) -> str:
    """Insert an account on ENTERPRISE without a role."""
    with psycopg.connect(url, autocommit=True) as db:
        return create_user(db, role=None, plan="ENTERPRISE").id


async def test_the_plan_of_an_account_counts_while_it_administers(
    pool: Pool, database: str
) -> None:
    user_id = await asyncio.to_thread(add_user, database)
    await add_endpoint(pool, subject=f"user:{user_id}")
    await add_events(pool, 1)
    await distribute(pool)
    assert await claim(pool) == []
    await pool.execute(
        "insert into user_roles (id, user_id, role, effective_start)"
        " values ($1, $2, 'ADMIN', now() - interval '1 day')",
        new_id(),
        user_id,
    )
    await pool.execute("update users set status = 'INACTIVE' where id = $1", user_id)
    assert await claim(pool) == []
    await pool.execute("update users set status = 'ACTIVE' where id = $1", user_id)
    assert len(await claim(pool)) == 1


async def test_a_claim_expires_and_its_late_result_is_ignored(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    await add_endpoint(pool)
    await add_events(pool, 1)
    await distribute(pool)
    (lost,) = await claim(pool)
    sql = "update webhook_deliveries set claimed_until = now() - interval '1 second' returning "
    assert await pool.fetchval(sql + "claimed_until")
    (again,) = await claim(pool)
    assert (again.id, again.event_id) == (lost.id, lost.event_id)
    await finish(pool, lost, status=204)
    assert await pool.fetchval("select status from webhook_deliveries") == "PENDING"
    await finish(pool, again, status=204)
    assert await pool.fetchval("select status from webhook_deliveries") == "DELIVERED"
    row = await pool.fetchrow("select attempts, claimed_until from webhook_deliveries")
    assert row is not None
    assert tuple(row) == (1, None)


async def test_a_delivery_is_retried_seven_times(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    await add_endpoint(pool)
    await add_events(pool, 1)
    await distribute(pool)
    waits = []
    while claimed := await claim(pool):
        await finish(pool, *claimed)
        waits.append(
            await pool.fetchval(
                "select extract(epoch from next_attempt_at - last_attempt_at)::integer"
                " from webhook_deliveries"
            )
        )
        await make_due(pool)
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000, None]
    row = await pool.fetchrow("select status, attempts from webhook_deliveries")
    assert row is not None
    assert tuple(row) == ("FAILED", 8)
    found = await pool.fetchrow("select failures, failing_since, is_active from webhook_endpoints")
    assert found is not None
    assert (found["failures"], found["is_active"]) == (8, True)
    assert found["failing_since"] is not None


async def test_five_days_of_failures_disable_an_endpoint(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    old = await add_endpoint(pool, failing_days=5.01)
    young = await add_endpoint(pool, failing_days=4.99)
    await add_events(pool, 3)
    await distribute(pool)
    claimed = await claim(pool)
    mine = {each.endpoint_id: each for each in claimed}
    (disabled,) = await finish(pool, *mine.values())
    assert (disabled.id, disabled.reason) == (old, "failing")
    rows = await pool.fetch("select id, is_active, disabled_reason from webhook_endpoints")
    assert {tuple(row) for row in rows} == {(old, False, "failing"), (young, True, None)}
    sql = "select distinct status from webhook_deliveries where endpoint_id = $1"
    assert [row[0] for row in await pool.fetch(sql, old)] == ["FAILED"]
    # A success that was in flight when the endpoint was disabled is recorded all the same.
    left = next(each for each in claimed if each.endpoint_id == old and each is not mine[old])
    await finish(pool, left, status=204)
    sql = "select status from webhook_deliveries where id = $1"
    assert await pool.fetchval(sql, left.id) == "DELIVERED"


async def test_a_success_ends_the_failing(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    await add_endpoint(pool, failing_days=6, failures=2)
    await add_events(pool, 2)
    await distribute(pool)
    first, second = await claim(pool)
    assert await finish(pool, first, status=204) == []
    row = await pool.fetchrow(
        "select failures, failing_since, last_delivery_at is not null from webhook_endpoints"
    )
    assert row is not None
    assert tuple(row) == (0, None, True)
    assert await finish(pool, second) == []
    assert await pool.fetchval("select failures from webhook_endpoints") == 1


async def test_a_410_disables_at_once(pool: Pool) -> None:
    await set_plan(pool, "ENTERPRISE")
    await add_endpoint(pool)
    await add_events(pool, 2)
    await distribute(pool)
    (disabled,) = await finish(pool, (await claim(pool))[0], status=410)
    assert disabled.reason == "gone"
    assert await claim(pool) == []


async def test_a_claim_ends_with_its_process(pool: Pool, database: str) -> None:
    await set_plan(pool, "ENTERPRISE")
    await add_endpoint(pool)
    await add_events(pool, 5)
    await distribute(pool)
    other = Pool(database)
    lost = await claim(other)
    assert len(lost) == 5
    assert await claim(pool) == []
    await other.close()
    deadline = time.monotonic() + 10
    while not (again := await claim(pool)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert {each.id for each in again} == {each.id for each in lost}
