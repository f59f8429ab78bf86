"""SQL about the deliveries of an endpoint, as administrators read and repeat them."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from akako.dispatch.event_types import BY_TYPE, PING, payload
from akako.integrations.schemas import (
    DELIVERED,
    FAILED,
    PENDING,
    WebhookDelivery,
    WebhookDeliveryDetails,
)
from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Choice, Sort, Spec
from akako.kernel.db.pages import Where

FIELDS = WebhookDelivery.__struct_fields__
COLUMNS = ", ".join(f"d.{name}" for name in FIELDS)
DELIVERIES = Spec(
    sorts={"createdAt": Sort("d.created_at")},
    default="createdAt",
    descending=True,
    filters={
        "status": Choice((PENDING, DELIVERED, FAILED)),
        "eventType": Choice(tuple(BY_TYPE)),
    },
    dates={"created": "d.created_at"},
    identity="d.id",
)
FIND = f"""
select {COLUMNS}, o.data, o.created_at as announced_at
from webhook_deliveries d join outbox o on o.id = d.event_id
where d.endpoint_id = $1 and d.id = $2
"""
REPLAY = """
update webhook_deliveries set status = 'PENDING', next_attempt_at = now(), retries = 0
"""
# The event of a ping goes to one endpoint: it counts as distributed.
PING_EVENT = """
with event as (
    insert into outbox (id, type, data, delivered_at) values ($1, $2, $3, now()) returning id
)
insert into webhook_deliveries (id, endpoint_id, event_id, event_type)
select $4, $5, id, $2 from event
"""
# The newest of each endpoint come from its index; of these few the newest are shown.
RECENT = f"""
select {COLUMNS}, d.endpoint_id, e.url as endpoint_url
from webhook_endpoints e cross join lateral (
    select * from webhook_deliveries d where d.endpoint_id = e.id
    order by d.created_at desc, d.id desc limit $2
) d
where e.subject = $1 order by d.created_at desc, d.id desc limit $2
"""


class RecentDelivery(WebhookDelivery, kw_only=True):
    """A delivery with the endpoint that it goes to."""

    endpoint_id: str
    endpoint_url: str


def _delivery(row: asyncpg.Record) -> WebhookDelivery:
    return WebhookDelivery(**{name: row[name] for name in FIELDS})


async def list_deliveries(
    db: Database, endpoint_id: str, request: listing.Request
) -> Listed[WebhookDelivery]:
    where = Where()
    where.add("d.endpoint_id = {}", endpoint_id)
    if request["status"]:
        where.add("d.status = {}", request["status"])
    if request["eventType"]:
        where.add("d.event_type = {}", request["eventType"])
    where.dates(DELIVERIES, request)
    return await pages.fetch(
        db,
        DELIVERIES,
        request,
        source="webhook_deliveries d",
        columns=COLUMNS,
        where=where,
        build=_delivery,
    )


async def find(db: Database, endpoint_id: str, delivery_id: str) -> WebhookDeliveryDetails | None:
    row = await db.fetchrow(FIND, endpoint_id, delivery_id)
    if row is None:
        return None
    body = payload(row["event_type"], row["announced_at"], row["data"])
    return WebhookDeliveryDetails(**{name: row[name] for name in FIELDS}, payload=body)


async def replay(tx: Database, endpoint_id: str, delivery_id: str) -> WebhookDelivery | None:
    """Make a delivery due now, with all its retries."""
    returning = ", ".join(FIELDS)
    sql = f"{REPLAY} where endpoint_id = $1 and id = $2 returning {returning}"
    row = await tx.fetchrow(sql, endpoint_id, delivery_id)
    return _delivery(row) if row else None


async def replay_failed(tx: Database, endpoint_id: str, since: datetime) -> int:
    """Make the deliveries due that failed at or after a moment; return their number."""
    condition = "endpoint_id = $1 and status = 'FAILED'"
    last = "coalesce(last_attempt_at, created_at) >= $2"
    status = await tx.execute(f"{REPLAY} where {condition} and {last}", endpoint_id, since)
    return int(status.rpartition(" ")[2])


async def ping(tx: Database, endpoint_id: str) -> str:
    """Add an event for this endpoint alone; return the id of the delivery."""
    delivery_id = new_id()
    data = {"endpointId": endpoint_id}
    await tx.execute(PING_EVENT, new_id(), PING, data, delivery_id, endpoint_id)
    return delivery_id


async def list_recent(db: Database, subject: str, *, limit: int) -> list[RecentDelivery]:
    """Return the latest deliveries to all endpoints of a plan subject, newest first."""
    return [
        RecentDelivery(**{name: row[name] for name in RecentDelivery.__struct_fields__})
        for row in await db.fetch(RECENT, subject, limit)
    ]
