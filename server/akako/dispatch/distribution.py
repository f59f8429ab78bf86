"""Turn events into deliveries: one per event and matching endpoint, written exactly once."""

from __future__ import annotations

import asyncpg
import structlog

from akako.dispatch.event_types import BY_TYPE, matches
from akako.kernel.core.ids import new_id
from akako.kernel.db.database import Database
from akako.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

BATCH = 500
ANY_ENDPOINT = """
select exists (select from webhook_endpoints where is_active or disabled_reason is not null)
"""
EVENTS = """
select id, type, created_at from outbox where delivered_at is null
order by created_at limit $1 for update skip locked
"""
# An endpoint that the server disabled collects failed deliveries, which can be replayed.
ENDPOINTS = """
select id, events, is_active, active_since from webhook_endpoints
where is_active or disabled_reason is not null order by id for key share
"""
INSERT = """
insert into webhook_deliveries
    (id, endpoint_id, event_id, event_type, status, next_attempt_at, error)
select id, endpoint_id, event_id, event_type,
    case when active then 'PENDING' else 'FAILED' end,
    case when active then now() end,
    case when not active then 'The endpoint is disabled' end
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
    as made (id, endpoint_id, event_id, event_type, active)
on conflict (event_id, endpoint_id) do nothing
"""
DONE = "update outbox set delivered_at = now() where id = any($1)"


async def distribute(db: Database) -> int:
    """Write the deliveries of the next events; return the number of events.

    Workers that do this at the same time take different events. Without endpoints no event is
    marked: those that are older than the first endpoint are passed over later.
    """
    if not await db.fetchval(ANY_ENDPOINT):
        return 0
    async with db.transaction() as tx:
        events = await tx.fetch(EVENTS, BATCH)
        if not events:
            return 0
        made = _deliveries(events, await tx.fetch(ENDPOINTS))
        if made:
            await tx.execute(INSERT, *(list(column) for column in zip(*made, strict=True)))
        await tx.execute(DONE, [event["id"] for event in events])
    _report_unlisted(events)
    return len(events)


def _deliveries(
    events: list[asyncpg.Record], endpoints: list[asyncpg.Record]
) -> list[tuple[str, str, str, str, bool]]:
    """Return the columns of a row per event and endpoint that wants it."""
    return [
        (new_id(), endpoint["id"], event["id"], event["type"], endpoint["is_active"])
        for event in events
        for endpoint in endpoints
        if event["created_at"] >= endpoint["active_since"]
        and matches(endpoint["events"], event["type"])
    ]


def _report_unlisted(events: list[asyncpg.Record]) -> None:
    for unlisted in {event["type"] for event in events} - BY_TYPE.keys():
        log.error("event_type_unlisted", type=unlisted)
        metrics.alert("event_type_unlisted")
