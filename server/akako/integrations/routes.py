"""Endpoints of outgoing webhooks."""

from __future__ import annotations

from typing import Any

import msgspec

from akako.dispatch import event_types
from akako.dispatch.addresses import Destinations
from akako.dispatch.sealing import Seal
from akako.integrations import deliveries, queries, service, tags
from akako.integrations.schemas import (
    DescribedEventType,
    NewWebhookEndpoint,
    PingSent,
    ReplayRequest,
    ReplayScheduled,
    WebhookDelivery,
    WebhookDeliveryDetails,
    WebhookEndpoint,
    WebhookEndpointCreate,
    WebhookEndpointDeleted,
    WebhookEndpointUpdate,
    WebhookSecret,
)
from akako.kernel.core.access import ADMIN, ENTERPRISE, requires
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.core.errors import InvalidState
from akako.kernel.db import listing
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import Tag, delete, get, post, put

TAG = Tag("Integrations", "Outgoing webhooks: endpoints and deliveries.")
PATH = "/integrations/webhooks"
ONE = PATH + "/{webhook_endpoint_id}"
DELIVERY = ONE + "/deliveries/{webhook_delivery_id}"
ADMINS = requires(ADMIN)
PLANS = (ENTERPRISE,)


class Integrations(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoints need to store secrets and to check addresses."""

    seal: Seal
    destinations: Destinations


@get("/integrations/event-types", access=ADMINS, plan=PLANS)
async def list_event_types(ctx: Context) -> Ok[list[DescribedEventType]]:
    """List every type of event, with an example of its delivery."""
    return Ok(
        data=[
            DescribedEventType(each.name, each.description, each.example)
            for each in event_types.ALL
        ]
    )


@get(PATH, access=ADMINS, plan=PLANS, listing=queries.ENDPOINTS)
async def list_webhook_endpoints(ctx: Context, request: listing.Request) -> Listed[WebhookEndpoint]:
    """List the endpoints of the caller's plan subject."""
    return await queries.list_endpoints(ctx.db, ctx.actor.subject, request)


@post(
    PATH,
    access=ADMINS,
    plan=PLANS,
    example={"url": "https://example.com/akako", "events": ["enrollment.*"]},
    refusals=(InvalidState,),
)
async def create_webhook_endpoint(
    ctx: Context, data: WebhookEndpointCreate
) -> Created[NewWebhookEndpoint]:
    """Register an address that receives events.

    `secret` signs the deliveries. It is shown in this response only.
    """
    own = ctx.get(Integrations)
    endpoint = await service.create_endpoint(
        ctx.db, ctx.actor, own.seal, own.destinations, given=data
    )
    return Created(
        data=endpoint,
        stored=msgspec.structs.replace(endpoint, secret=None),
        location=f"/api{PATH}/{endpoint.id}",
        message="Webhook endpoint created successfully",
        headers={"ETag": tags.of(endpoint)},
    )


@get(ONE, access=ADMINS, plan=PLANS, resource="webhook_endpoint")
async def get_webhook_endpoint(ctx: Context, webhook_endpoint_id: str) -> Ok[WebhookEndpoint]:
    """Get an endpoint."""
    endpoint = await service.get_endpoint(ctx.db, ctx.actor, webhook_endpoint_id)
    return Ok(data=endpoint, headers={"ETag": tags.of(endpoint)})


@put(ONE, access=ADMINS, plan=PLANS, resource="webhook_endpoint", errors=(412,))
async def update_webhook_endpoint(
    ctx: Context, webhook_endpoint_id: str, data: WebhookEndpointUpdate, echoed: dict[str, Any]
) -> Ok[WebhookEndpoint]:
    """Change an endpoint, switch it off, or activate it again."""
    endpoint = await service.update_endpoint(
        ctx.db,
        ctx.actor,
        ctx.get(Integrations).destinations,
        webhook_endpoint_id,
        changes=data,
        echoed=echoed,
        if_match=ctx.header("if-match"),
    )
    message, tag = "Webhook endpoint updated successfully", {"ETag": tags.of(endpoint)}
    return Ok(data=endpoint, message=message, headers=tag)


@delete(ONE, access=ADMINS, plan=PLANS, resource="webhook_endpoint", errors=(412,))
async def delete_webhook_endpoint(
    ctx: Context, webhook_endpoint_id: str
) -> Ok[WebhookEndpointDeleted]:
    """Delete an endpoint with its deliveries."""
    condition = ctx.header("if-match")
    await service.delete_endpoint(ctx.db, ctx.actor, webhook_endpoint_id, if_match=condition)
    return Ok(
        data=WebhookEndpointDeleted(webhook_endpoint_id),
        message="Webhook endpoint deleted successfully",
    )


@post(
    ONE + "/rotate-secret",
    access=ADMINS,
    plan=PLANS,
    resource="webhook_endpoint",
    replays=True,
)
async def rotate_webhook_secret(ctx: Context, webhook_endpoint_id: str) -> Ok[WebhookSecret]:
    """Replace the secret. For 24 hours deliveries are signed with both secrets."""
    seal = ctx.get(Integrations).seal
    secret = await service.rotate_secret(ctx.db, ctx.actor, seal, webhook_endpoint_id)
    return Ok(
        data=WebhookSecret(secret),
        stored=WebhookSecret(None),
        message="Webhook secret rotated successfully",
    )


@post(
    ONE + "/ping",
    access=ADMINS,
    plan=PLANS,
    resource="webhook_endpoint",
    replays=True,
)
async def ping_webhook_endpoint(ctx: Context, webhook_endpoint_id: str) -> Ok[PingSent]:
    """Send the event `ping` to the endpoint."""
    delivery_id = await service.ping(ctx.db, ctx.actor, webhook_endpoint_id)
    return Ok(data=PingSent(delivery_id), message="Ping scheduled successfully")


@get(
    ONE + "/deliveries",
    access=ADMINS,
    plan=PLANS,
    resource="webhook_endpoint",
    listing=deliveries.DELIVERIES,
)
async def list_webhook_deliveries(
    ctx: Context, webhook_endpoint_id: str, request: listing.Request
) -> Listed[WebhookDelivery]:
    """List the deliveries of an endpoint, newest first."""
    await service.get_endpoint(ctx.db, ctx.actor, webhook_endpoint_id)
    return await deliveries.list_deliveries(ctx.db, webhook_endpoint_id, request)


@get(DELIVERY, access=ADMINS, plan=PLANS, resource="webhook_delivery")
async def get_webhook_delivery(
    ctx: Context, webhook_endpoint_id: str, webhook_delivery_id: str
) -> Ok[WebhookDeliveryDetails]:
    """Get a delivery with the body of its requests."""
    delivery = await service.get_delivery(
        ctx.db, ctx.actor, webhook_endpoint_id, webhook_delivery_id
    )
    return Ok(data=delivery, etag=True)


@post(
    DELIVERY + "/replay",
    access=ADMINS,
    plan=PLANS,
    resource="webhook_delivery",
    replays=True,
)
async def replay_webhook_delivery(
    ctx: Context, webhook_endpoint_id: str, webhook_delivery_id: str
) -> Ok[WebhookDelivery]:
    """Deliver an event again, also one that was delivered."""
    delivery = await service.replay_delivery(
        ctx.db, ctx.actor, webhook_endpoint_id, webhook_delivery_id
    )
    return Ok(data=delivery, message="Delivery scheduled successfully")


@post(ONE + "/replay", access=ADMINS, plan=PLANS, resource="webhook_endpoint")
async def replay_failed_webhook_deliveries(
    ctx: Context, webhook_endpoint_id: str, data: ReplayRequest
) -> Ok[ReplayScheduled]:
    """Deliver everything again that has failed since `from`."""
    scheduled = await service.replay_failed(
        ctx.db, ctx.actor, webhook_endpoint_id, since=data.from_
    )
    return Ok(data=ReplayScheduled(scheduled), message="Deliveries scheduled successfully")
