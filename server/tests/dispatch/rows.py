"""Endpoints, events and deliveries put straight into a database."""

from __future__ import annotations

from typing import Any

from akako.kernel.core.ids import new_id
from akako.kernel.db.database import Database

ORGANIZATION = "org_school"
SUBJECT = f"organization:{ORGANIZATION}"


async def set_plan(db: Database, plan: str, organization: str = ORGANIZATION) -> None:
    await db.execute(
        "insert into organizations (id, plan) values ($1, $2)"
        " on conflict (id) do update set plan = excluded.plan",
        organization,
        plan,
    )


async def add_endpoint(db: Database, *events: str, subject: str = SUBJECT, **columns: Any) -> str:
    """Insert an endpoint with a secret that nothing can decrypt; return its id."""
    endpoint_id = new_id()
    await db.execute(
        "insert into webhook_endpoints (id, subject, url, description, events, is_active, failures)"
        " values ($1, $2, 'https://hooks.example', '', $3, $4, $5)",
        endpoint_id,
        subject,
        list(events or ["*"]),
        columns.get("is_active", True),
        columns.get("failures", 0),
    )
    if "failing_days" in columns:
        await db.execute(
            "update webhook_endpoints set failing_since = now() - make_interval(secs => $2)"
            " where id = $1",
            endpoint_id,
            columns["failing_days"] * 86_400.0,
        )
    return endpoint_id


async def add_events(db: Database, number: int, event_type: str = "grade.created") -> list[str]:
    ids = [new_id() for _ in range(number)]
    await db.execute(
        "insert into outbox (id, type, data)"
        ' select id, $2, \'{"id": "x"}\' from unnest($1::text[]) as made (id)',
        ids,
        event_type,
    )
    return ids
