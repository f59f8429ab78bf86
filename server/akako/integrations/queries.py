"""SQL about webhook endpoints and their secrets."""

from __future__ import annotations

from typing import Any

import asyncpg

from akako.integrations.schemas import MAX_ENDPOINTS, WebhookEndpoint
from akako.kernel.core.envelope import Listed
from akako.kernel.core.ids import new_id
from akako.kernel.db import listing, locks, pages
from akako.kernel.db.database import Database
from akako.kernel.db.listing import Flag, Sort, Spec
from akako.kernel.db.pages import Where

FIELDS = WebhookEndpoint.__struct_fields__
COLUMNS = ", ".join(f"e.{name}" for name in FIELDS)
ENDPOINTS = Spec(
    sorts={"createdAt": Sort("e.created_at")},
    default="createdAt",
    filters={"isActive": Flag()},
    identity="e.id",
)
ROTATION_HOURS = 24
MAX_SECRETS = 5  # of an endpoint at a time, so that the header of signatures stays short

HOLD_SUBJECT = f"""
select pg_advisory_xact_lock(hashtextextended($1, {locks.WEBHOOK_ENDPOINTS_SEED}))
"""
INSERT = f"""
insert into webhook_endpoints as e (id, subject, url, description, events, is_active)
select $1, $2, $3, $4, $5, $6
where (select count(*) from webhook_endpoints where subject = $2) < {MAX_ENDPOINTS}
returning {COLUMNS}
"""
# Events of the time when an administrator had switched the endpoint off are not delivered.
UPDATE = f"""
update webhook_endpoints e set url = $2, description = $3, events = $4, is_active = $5,
    updated_at = now(),
    active_since = case when $5 and not is_active and disabled_reason is null
        then now() else active_since end,
    disabled_reason = case when $5 then null else disabled_reason end,
    failing_since = case when $5 and not is_active then null else failing_since end,
    failures = case when $5 and not is_active then 0 else failures end
where id = $1 returning {COLUMNS}
"""
EXPIRE_CURRENT = """
update webhook_secrets set expires_at = now() + make_interval(hours => $2)
where endpoint_id = $1 and expires_at is null
"""
DELETE_OLD_SECRETS = """
delete from webhook_secrets where endpoint_id = $1 and (expires_at <= now() or id not in (
    select id from webhook_secrets where endpoint_id = $1
    order by expires_at desc nulls first limit $2
))
"""
WAKE = "select pg_notify('akako_outbox', '')"


def _endpoint(row: asyncpg.Record) -> WebhookEndpoint:
    return WebhookEndpoint(**{name: row[name] for name in FIELDS})


async def list_endpoints(
    db: Database, subject: str, request: listing.Request
) -> Listed[WebhookEndpoint]:
    where = Where()
    where.add("e.subject = {}", subject)
    if request["isActive"] is not None:
        where.add("e.is_active = {}", request["isActive"])
    return await pages.fetch(
        db,
        ENDPOINTS,
        request,
        source="webhook_endpoints e",
        columns=COLUMNS,
        where=where,
        build=_endpoint,
    )


async def find(
    db: Database, subject: str, endpoint_id: str, *, lock: bool = False
) -> WebhookEndpoint | None:
    """Return an endpoint of the plan subject."""
    sql = f"select {COLUMNS} from webhook_endpoints e where e.id = $1 and e.subject = $2"
    row = await db.fetchrow(f"{sql} for update" if lock else sql, endpoint_id, subject)
    return _endpoint(row) if row else None


async def insert(tx: Database, subject: str, values: dict[str, Any]) -> WebhookEndpoint | None:
    """Return the new endpoint, or None if the plan subject has MAX_ENDPOINTS already."""
    await tx.execute(HOLD_SUBJECT, subject)
    row = await tx.fetchrow(
        INSERT,
        new_id(),
        subject,
        values["url"],
        values["description"],
        values["events"],
        values["is_active"],
    )
    return _endpoint(row) if row else None


async def update(tx: Database, endpoint_id: str, values: dict[str, Any]) -> WebhookEndpoint:
    row = await tx.fetchrow(
        UPDATE,
        endpoint_id,
        values["url"],
        values["description"],
        values["events"],
        values["is_active"],
    )
    assert row is not None
    return _endpoint(row)


async def delete(tx: Database, endpoint_id: str) -> None:
    """Delete an endpoint with its secrets and deliveries."""
    await tx.execute("delete from webhook_endpoints where id = $1", endpoint_id)


async def put_secret(tx: Database, endpoint_id: str, sealed: bytes) -> None:
    """Make this the current secret; the previous one stays valid for ROTATION_HOURS."""
    await tx.execute(EXPIRE_CURRENT, endpoint_id, ROTATION_HOURS)
    await tx.execute(
        "insert into webhook_secrets (id, endpoint_id, sealed) values ($1, $2, $3)",
        new_id(),
        endpoint_id,
        sealed,
    )
    await tx.execute(DELETE_OLD_SECRETS, endpoint_id, MAX_SECRETS)


async def wake_dispatchers(tx: Database) -> None:
    """Make the dispatchers look for due deliveries when the transaction commits."""
    await tx.execute(WAKE)
