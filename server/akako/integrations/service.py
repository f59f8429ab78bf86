"""Business rules of webhook endpoints. An endpoint belongs to the plan subject of its creator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from akako.dispatch.addresses import Destinations
from akako.dispatch.sealing import Seal, new_secret
from akako.integrations import deliveries, queries, tags
from akako.integrations.schemas import (
    MAX_ENDPOINTS,
    NewWebhookEndpoint,
    WebhookDelivery,
    WebhookDeliveryDetails,
    WebhookEndpoint,
    WebhookEndpointCreate,
    WebhookEndpointUpdate,
)
from akako.kernel.core import fields, validation
from akako.kernel.core.access import Actor
from akako.kernel.core.errors import InvalidState, NotFound
from akako.kernel.core.text import TextError
from akako.kernel.db import audit
from akako.kernel.db.database import Database

RESOURCE = "webhook_endpoint"
# Fields that deliveries change while an administrator edits the endpoint.
CHANGING = {"disabledReason", "lastDeliveryAt", "failingSince", "updatedAt"}


async def get_endpoint(db: Database, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
    return _known(await queries.find(db, actor.subject, endpoint_id), endpoint_id)


async def create_endpoint(
    db: Database,
    actor: Actor,
    seal: Seal,
    destinations: Destinations,
    *,
    given: WebhookEndpointCreate,
) -> NewWebhookEndpoint:
    """Create an endpoint with a new secret.

    Raises:
        ValidationFailed: The URL leads to an address that webhooks are not sent to.
        InvalidState: The plan subject has MAX_ENDPOINTS endpoints.
    """
    values = _values(given)
    await destinations.check(values["url"])
    secret = new_secret()
    async with db.transaction() as tx:
        endpoint = await queries.insert(tx, actor.subject, values)
        if endpoint is None:
            message = f"There are {MAX_ENDPOINTS} endpoints already"
            raise InvalidState(
                RESOURCE, actor.subject, str(MAX_ENDPOINTS), [f"< {MAX_ENDPOINTS}"], message
            )
        await queries.put_secret(tx, endpoint.id, seal.close(endpoint.id, secret))
        await _record(tx, actor, "created", None, endpoint)
    return NewWebhookEndpoint(**msgspec.structs.asdict(endpoint), secret=secret)


async def update_endpoint(
    db: Database,
    actor: Actor,
    destinations: Destinations,
    endpoint_id: str,
    *,
    changes: WebhookEndpointUpdate,
    echoed: dict[str, Any],
    if_match: str | None,
) -> WebhookEndpoint:
    """Change an endpoint; activating it makes the waiting deliveries due.

    Raises:
        ValidationFailed: The URL leads to an address that webhooks are not sent to.
    """
    values = _values(changes)
    if "url" in values:
        await destinations.check(values["url"])
    async with db.transaction() as tx:
        before = await _locked(tx, actor, endpoint_id)
        compared = {
            name: value
            for name, value in echoed.items()
            if not (name in CHANGING and _may_have_been(name, value, before))
        }
        validation.check_read_only(compared, before)
        tags.require(if_match, before)
        current = {name: getattr(before, name) for name in tags.CONFIGURED}
        changed = current | values
        if changed == current:
            return before
        after = await queries.update(tx, endpoint_id, changed)
        await _record(tx, actor, "updated", before, after)
        await queries.wake_dispatchers(tx)
        return after


async def delete_endpoint(
    db: Database, actor: Actor, endpoint_id: str, *, if_match: str | None
) -> None:
    """Delete an endpoint with its deliveries."""
    async with db.transaction() as tx:
        before = await _locked(tx, actor, endpoint_id)
        tags.require(if_match, before)
        await queries.delete(tx, endpoint_id)
        await _record(tx, actor, "deleted", before, None)


async def rotate_secret(db: Database, actor: Actor, seal: Seal, endpoint_id: str) -> str:
    """Return a new secret. The previous one signs too, for 24 hours."""
    secret = new_secret()
    async with db.transaction() as tx:
        await _locked(tx, actor, endpoint_id)
        await queries.put_secret(tx, endpoint_id, seal.close(endpoint_id, secret))
        await audit.record(tx, actor, f"{RESOURCE}.secret_rotated", RESOURCE, endpoint_id)
    return secret


async def ping(db: Database, actor: Actor, endpoint_id: str) -> str:
    """Send a test event to the endpoint; return the id of its delivery."""
    async with db.transaction() as tx:
        await _locked(tx, actor, endpoint_id)
        delivery_id = await deliveries.ping(tx, endpoint_id)
        await queries.wake_dispatchers(tx)
        return delivery_id


async def get_delivery(
    db: Database, actor: Actor, endpoint_id: str, delivery_id: str
) -> WebhookDeliveryDetails:
    await get_endpoint(db, actor, endpoint_id)
    found = await deliveries.find(db, endpoint_id, delivery_id)
    if found is None:
        raise NotFound("webhook_delivery", delivery_id)
    return found


async def replay_delivery(
    db: Database, actor: Actor, endpoint_id: str, delivery_id: str
) -> WebhookDelivery:
    """Make a delivery due now. It keeps its event id, which receivers use to drop duplicates."""
    async with db.transaction() as tx:
        await _locked(tx, actor, endpoint_id)
        delivery = await deliveries.replay(tx, endpoint_id, delivery_id)
        if delivery is None:
            raise NotFound("webhook_delivery", delivery_id)
        after = {"deliveryId": delivery_id}
        await audit.record(tx, actor, f"{RESOURCE}.replayed", RESOURCE, endpoint_id, after=after)
        await queries.wake_dispatchers(tx)
        return delivery


async def replay_failed(db: Database, actor: Actor, endpoint_id: str, *, since: datetime) -> int:
    """Make all deliveries due that failed since then; return their number."""
    async with db.transaction() as tx:
        await _locked(tx, actor, endpoint_id)
        scheduled = await deliveries.replay_failed(tx, endpoint_id, since)
        after = {"from": since, "scheduled": scheduled}
        await audit.record(tx, actor, f"{RESOURCE}.replayed", RESOURCE, endpoint_id, after=after)
        await queries.wake_dispatchers(tx)
        return scheduled


def _may_have_been(name: str, value: object, endpoint: WebhookEndpoint) -> bool:
    """Return whether the client can have read this value of a field that deliveries change."""
    if value is None:
        return name != "updatedAt"
    if name == "disabledReason" or not isinstance(value, str):
        return False
    try:
        return endpoint.created_at <= fields.parse_instant(value) <= datetime.now(UTC)
    except TextError:
        return False


def _values(given: WebhookEndpointCreate | WebhookEndpointUpdate) -> dict[str, Any]:
    """Return the fields to store: no description is an empty one, patterns are there once."""
    values = validation.supplied(given)
    if isinstance(given, WebhookEndpointCreate):
        values = {"description": None, "is_active": True, **values}
    if "description" in values:
        values["description"] = values["description"] or ""
    if "events" in values:
        values["events"] = list(dict.fromkeys(values["events"]))
    return values


def _known(endpoint: WebhookEndpoint | None, endpoint_id: str) -> WebhookEndpoint:
    if endpoint is None:
        raise NotFound(RESOURCE, endpoint_id)
    return endpoint


async def _locked(tx: Database, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
    return _known(await queries.find(tx, actor.subject, endpoint_id, lock=True), endpoint_id)


async def _record(
    tx: Database,
    actor: Actor,
    verb: str,
    before: WebhookEndpoint | None,
    after: WebhookEndpoint | None,
) -> None:
    node = after or before
    assert node is not None
    states = {"before": _audited(before), "after": _audited(after)}
    await audit.record(tx, actor, f"{RESOURCE}.{verb}", RESOURCE, node.id, **states)


def _audited(endpoint: WebhookEndpoint | None) -> dict[str, Any] | None:
    """Return the configuration for the audit log. A query string may hold a key of the receiver."""
    if endpoint is None:
        return None
    shown = {name: getattr(endpoint, name) for name in tags.CONFIGURED}
    return {**shown, "url": endpoint.url.partition("?")[0]}
