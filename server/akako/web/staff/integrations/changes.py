"""The forms that change an endpoint; each leads back to the page that it was on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from akako.integrations import deliveries, service
from akako.integrations.routes import PLANS, Integrations
from akako.integrations.schemas import WebhookEndpointUpdate
from akako.kernel.core import validation
from akako.kernel.core.errors import PlanRequired, ValidationFailed
from akako.web.site import Visit

HOME = "/admin/integrations"
DAYS = ("1", "7", "30")  # how far back failed deliveries are repeated; events are kept 30 days
OUTCOME_SECONDS = 2.0  # to wait for the outcome of a ping or a repeated delivery
POLL_SECONDS = 0.2


def require_plan(visit: Visit) -> None:
    if visit.actor.plan not in PLANS:
        raise PlanRequired(visit.actor.plan, PLANS)


def sent(visit: Visit) -> dict[str, Any]:
    """Return the fields of the form by the names of the API. "All events" includes the others."""
    events = visit.fields("events")
    return {
        "url": visit.field("url").strip(),
        "description": visit.field("description").strip() or None,
        "events": ["*"] if "*" in events else events,
    }


def done(visit: Visit, what: str, **more: int) -> Any:
    """Return the redirect to the page of the form, which announces what was done."""
    endpoint = f"{HOME}/{visit.param('endpoint_id')}"
    back = HOME if visit.field("back") == "all" else endpoint
    return visit.go(f"{back}?{urlencode({'done': what, **more})}")


async def save(visit: Visit) -> None:
    """Store the fields of the form.

    Raises:
        ValidationFailed: A field breaks a rule.
    """
    require_plan(visit)
    values = sent(visit)
    if not values["events"]:
        raise ValidationFailed.of("events", "At least one is required")
    changes, echoed = validation.read_changes(WebhookEndpointUpdate, values)
    await _update(visit, changes, echoed)


async def _update(
    visit: Visit, changes: WebhookEndpointUpdate, echoed: dict[str, Any] | None = None
) -> None:
    await service.update_endpoint(
        visit.db,
        visit.actor,
        visit.site.dependencies[Integrations].destinations,
        visit.param("endpoint_id"),
        changes=changes,
        echoed=echoed or {},
        if_match=None,
    )


async def switch(visit: Visit) -> Any:
    """Enable or disable the endpoint."""
    require_plan(visit)
    active = visit.field("active") == "1"
    await _update(visit, WebhookEndpointUpdate(is_active=active))
    return done(visit, "enabled" if active else "disabled")


async def ping(visit: Visit) -> Any:
    require_plan(visit)
    endpoint_id = visit.param("endpoint_id")
    delivery_id = await service.ping(visit.db, visit.actor, endpoint_id)
    await _outcome(visit, endpoint_id, delivery_id, attempts=0)
    return done(visit, "pinged")


async def delete(visit: Visit) -> Any:
    require_plan(visit)
    await service.delete_endpoint(visit.db, visit.actor, visit.param("endpoint_id"), if_match=None)
    return visit.go(f"{HOME}?done=deleted")


async def replay(visit: Visit) -> Any:
    """Deliver one event again."""
    require_plan(visit)
    endpoint_id, delivery_id = visit.param("endpoint_id"), visit.param("delivery_id")
    delivery = await service.replay_delivery(visit.db, visit.actor, endpoint_id, delivery_id)
    await _outcome(visit, endpoint_id, delivery_id, attempts=delivery.attempts)
    return done(visit, "replayed")


async def replay_failed(visit: Visit) -> Any:
    """Deliver everything again that failed in the chosen number of days."""
    require_plan(visit)
    days = visit.field("days")
    since = datetime.now(UTC) - timedelta(days=int(days if days in DAYS else DAYS[-1]))
    scheduled = await service.replay_failed(
        visit.db, visit.actor, visit.param("endpoint_id"), since=since
    )
    return done(visit, "scheduled", number=scheduled)


async def _outcome(visit: Visit, endpoint_id: str, delivery_id: str, *, attempts: int) -> None:
    """Wait shortly for the next attempt, because the page does not update itself."""
    for _ in range(int(OUTCOME_SECONDS / POLL_SECONDS)):
        found = await deliveries.find(visit.site.db, endpoint_id, delivery_id)
        if found is None or found.attempts > attempts:
            return
        await asyncio.sleep(POLL_SECONDS)
