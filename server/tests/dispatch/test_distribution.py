"""Each event becomes one delivery per matching endpoint."""

from __future__ import annotations

import asyncio

from akako.backends.database.pool import Pool
from akako.dispatch.distribution import BATCH, distribute
from tests.dispatch.rows import add_endpoint, add_events


async def statuses(pool: Pool, endpoint_id: str) -> list[str]:
    sql = "select status from webhook_deliveries where endpoint_id = $1 order by event_type"
    return [row["status"] for row in await pool.fetch(sql, endpoint_id)]


async def test_concurrent_processes_write_each_delivery_once(pool: Pool) -> None:
    endpoints = [await add_endpoint(pool), await add_endpoint(pool, "grade.*")]
    await add_events(pool, 3 * BATCH)
    counts = await asyncio.gather(*(distribute(pool) for _ in range(4)))
    while number := await distribute(pool):
        counts.append(number)
    assert sum(counts) == 3 * BATCH
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 3 * BATCH * 2
    assert len(await statuses(pool, endpoints[1])) == 3 * BATCH
    assert await pool.fetchval("select count(*) from outbox where delivered_at is null") == 0


async def test_an_endpoint_receives_matching_events_since_it_is_active(pool: Pool) -> None:
    await add_events(pool, 1)
    assert await distribute(pool) == 0  # without an endpoint nothing is marked
    exact = await add_endpoint(pool, "grade.created")
    prefix = await add_endpoint(pool, "subject.*", "user.created")
    off = await add_endpoint(pool, is_active=False)
    await add_events(pool, 1)
    await add_events(pool, 1, "subject.updated")
    await add_events(pool, 1, "user_role.assigned")
    assert await distribute(pool) == 4
    assert len(await statuses(pool, exact)) == 1
    assert len(await statuses(pool, prefix)) == 1
    assert await statuses(pool, off) == []


async def test_a_disabled_endpoint_collects_failed_deliveries(pool: Pool) -> None:
    endpoint = await add_endpoint(pool)
    await pool.execute("update webhook_endpoints set is_active = false, disabled_reason = 'gone'")
    await add_events(pool, 2)
    await distribute(pool)
    assert await statuses(pool, endpoint) == ["FAILED", "FAILED"]


async def test_an_event_that_is_not_listed_is_delivered_and_reported(pool: Pool) -> None:
    endpoint = await add_endpoint(pool)
    await add_events(pool, 1, "grade.painted")
    await distribute(pool)
    assert await statuses(pool, endpoint) == ["PENDING"]


async def test_deliveries_are_kept_as_long_as_their_events(pool: Pool) -> None:
    from akako.ops import retention

    await add_endpoint(pool)
    await add_events(pool, 2)
    await distribute(pool)
    await pool.execute(
        "update outbox set created_at = now() - interval '31 days'"
        " where id = (select min(id) from outbox)"
    )
    await retention.expire(pool, audit_days=400, outbox_days=30)
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 1
