"""Claim due deliveries for this process, and record what became of them.

A claim is a lease. It ends with the connections of its process, so that nothing waits for a process
that was killed, and after LEASE_SECONDS if the process hangs. In all processes together at most
MAX_IN_FLIGHT attempts run, at most MAX_PER_ENDPOINT of them to one endpoint, and 1 to an endpoint
whose last FAILING attempts failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from akako.kernel.db import locks
from akako.kernel.db.database import Database
from akako.plans.queries import plan_of

MAX_IN_FLIGHT = 50
MAX_PER_ENDPOINT = 5
MAX_FAILING = 25  # attempts to failing endpoints, so that many of them leave room for the others
FAILING = 3
LEASE_SECONDS = 30.0  # longer than an attempt takes
RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
FAILING_DAYS = 5
HOLD = f"select pg_advisory_xact_lock({locks.WEBHOOK_CLAIMS})"
# Nothing is delivered while the plan of the endpoint's subject does not include webhooks.
ENTITLED = f"{plan_of('e.subject')} = 'ENTERPRISE'"
# Runs after HOLD as a statement of its own, so that it sees the claims of other processes. Healthy
# endpoints come first, then each endpoint's first delivery before any second one.
HELD = "{0}.claimed_until > now() and {0}.claimed_by = any((select names from alive)::text[])"
CLAIM = f"""
with alive as materialized (
    select array_agg(application_name) as names from pg_stat_activity
    where datname = current_database()
), busy as (
    select d.endpoint_id, count(*) as number from webhook_deliveries d
    where d.claimed_until is not null and {HELD.format("d")} group by d.endpoint_id
), room as (
    select e.id, coalesce(busy.number, 0) as busy, e.failures >= {FAILING} as failing,
        case when e.failures >= {FAILING} then 1 else {MAX_PER_ENDPOINT} end
            - coalesce(busy.number, 0) as free
    from webhook_endpoints e left join busy on busy.endpoint_id = e.id
    where e.is_active and {ENTITLED}
), due as (
    select d.id, room.failing,
        room.busy + row_number() over (partition by room.id order by d.next_attempt_at) as turn
    from room cross join lateral (
        select w.id, w.next_attempt_at from webhook_deliveries w
        where w.endpoint_id = room.id and w.status = 'PENDING' and w.next_attempt_at <= now()
            and (w.claimed_until is null or not ({HELD.format("w")}))
        order by w.next_attempt_at limit greatest(0, room.free) for update skip locked
    ) d
), ranked as (
    select id, row_number() over (order by failing, turn) as place,
        failing, row_number() over (partition by failing order by turn) as place_of_kind
    from due
), chosen as (
    select id from ranked
    where place <= {MAX_IN_FLIGHT} - (select coalesce(sum(number), 0) from busy)
        and (not failing or place_of_kind <= {MAX_FAILING} - (
            select coalesce(sum(busy), 0) from room where failing))
)
update webhook_deliveries d set claimed_until = now() + make_interval(secs => {LEASE_SECONDS}),
    claimed_by = current_setting('application_name')
from chosen, webhook_endpoints e, outbox o
where d.id = chosen.id and e.id = d.endpoint_id and o.id = d.event_id
returning d.id, d.endpoint_id, d.event_id, d.event_type, d.claimed_until, e.url, o.data,
    o.created_at as announced_at, array(
        select s.sealed from webhook_secrets s
        where s.endpoint_id = d.endpoint_id and (s.expires_at is null or s.expires_at > now())
        order by s.expires_at desc nulls first
    ) as secrets
"""
# A result counts if this process still holds the claim.
RECORD = f"""
update webhook_deliveries d set
    attempts = d.attempts + 1,
    retries = case when r.delivered then d.retries else d.retries + 1 end,
    status = case
        when r.delivered then 'DELIVERED'
        when d.status <> 'PENDING' or d.retries >= {len(RETRY_SECONDS)} then 'FAILED'
        else 'PENDING'
    end,
    next_attempt_at = case
        when not r.delivered and d.status = 'PENDING' and d.retries < {len(RETRY_SECONDS)}
        then now() + r.jitter * make_interval(
            secs => (array{list(RETRY_SECONDS)}::integer[])[d.retries + 1])
    end,
    last_attempt_at = now(), claimed_until = null, response_status = r.response_status,
    response_body = r.response_body, duration_ms = r.duration_ms, error = r.error
from unnest($1::text[], $2::timestamptz[], $3::boolean[], $4::float8[], $5::integer[], $6::text[],
        $7::integer[], $8::text[])
    as r (id, claimed_until, delivered, jitter, response_status, response_body, duration_ms, error)
where d.id = r.id and d.claimed_until = r.claimed_until
returning d.id, d.status, extract(epoch from d.next_attempt_at - now())::float8 as retry_in
"""
RELEASE = """
update webhook_deliveries d set claimed_until = null
from unnest($1::text[], $2::timestamptz[]) as r (id, claimed_until)
where d.id = r.id and d.claimed_until = r.claimed_until
"""
LOCK_ENDPOINTS = "select from webhook_endpoints where id = any($1) order by id for no key update"
# `failures` of the batch are those after its last success.
RECORD_ENDPOINTS = """
update webhook_endpoints e set
    failures = case when r.delivered then r.failures else e.failures + r.failures end,
    failing_since = case when r.failures = 0 then null
        when r.delivered then now() else coalesce(e.failing_since, now()) end,
    last_delivery_at = case when r.delivered then now() else e.last_delivery_at end
from unnest($1::text[], $2::boolean[], $3::integer[]) as r (id, delivered, failures)
where e.id = r.id
"""
DISABLE = """
update webhook_endpoints set is_active = false, updated_at = now(),
    disabled_reason = case when id = any($2) then 'gone' else 'failing' end
where id = any($1) and is_active
    and (id = any($2) or failing_since <= now() - make_interval(days => $3))
returning id, subject, disabled_reason
"""
FAIL_WAITING = """
update webhook_deliveries set status = 'FAILED', next_attempt_at = null,
    error = 'The endpoint is disabled'
where endpoint_id = any($1) and status = 'PENDING'
"""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this process attempts now."""

    id: str
    endpoint_id: str
    event_id: str
    event_type: str
    claimed_until: datetime
    url: str
    data: Any
    announced_at: datetime
    secrets: list[bytes]  # sealed; the current one first


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an attempt. `jitter` is a factor for the time to the next one."""

    delivery: Claimed
    delivered: bool
    jitter: float
    response_status: int | None = None
    response_body: str | None = None
    duration_ms: int | None = None
    error: str | None = None


class Disabled(msgspec.Struct, frozen=True):
    """An endpoint that was disabled because of its responses."""

    id: str
    subject: str
    reason: str


async def claim(tx: Database) -> list[Claimed]:
    """Claim what is due and fits the limits, until the end of the transaction without others."""
    await tx.execute(HOLD)
    return [Claimed(**dict(row)) for row in await tx.fetch(CLAIM)]


async def release(db: Database, claimed: Sequence[Claimed]) -> None:
    """Give up claims without an attempt."""
    ids, until = [each.id for each in claimed], [each.claimed_until for each in claimed]
    await db.execute(RELEASE, ids, until)


async def record(tx: Database, results: Sequence[Result]) -> list[asyncpg.Record]:
    """Record attempts; return id, status and seconds to the next attempt of each delivery."""
    columns = (
        [each.delivery.id for each in results],
        [each.delivery.claimed_until for each in results],
        [each.delivered for each in results],
        [each.jitter for each in results],
        [each.response_status for each in results],
        [each.response_body for each in results],
        [each.duration_ms for each in results],
        [each.error for each in results],
    )
    return await tx.fetch(RECORD, *columns)


async def record_endpoints(tx: Database, results: Sequence[Result]) -> list[Disabled]:
    """Record what the results, in their order, say about endpoints; disable hopeless ones.

    An endpoint is disabled after a response with 410, and after FAILING_DAYS without a success.
    """
    facts: dict[str, tuple[bool, int]] = {}
    for each in results:
        delivered, failures = facts.get(each.delivery.endpoint_id, (False, 0))
        facts[each.delivery.endpoint_id] = (
            (True, 0) if each.delivered else (delivered, failures + 1)
        )
    ids = sorted(facts)
    await tx.execute(LOCK_ENDPOINTS, ids)
    await tx.execute(
        RECORD_ENDPOINTS, ids, [facts[id][0] for id in ids], [facts[id][1] for id in ids]
    )
    gone = {each.delivery.endpoint_id for each in results if each.response_status == 410}
    failed = [id for id in ids if facts[id][1] or id in gone]
    if not failed:
        return []
    rows = await tx.fetch(DISABLE, failed, list(gone), FAILING_DAYS)
    if rows:
        await tx.execute(FAIL_WAITING, [row["id"] for row in rows])
    return [Disabled(*row.values()) for row in rows]
