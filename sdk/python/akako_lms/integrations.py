"""Outgoing webhooks, for administrators on the plan ENTERPRISE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from akako_lms._answers import read_as
from akako_lms._area import Area, D, iteration, operation
from akako_lms._queries import DeliveryQuery, WebhookQuery
from akako_lms._session import Page
from akako_lms._wire import Model, given, listed, segment

if TYPE_CHECKING:
    from typing_extensions import Unpack

PATH = "/integrations/webhooks"


@dataclass(frozen=True, kw_only=True)
class EventType(Model):
    """A type of event. `example` is the body of a request that delivers one."""

    type: str
    description: str
    example: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint(Model):
    """An address that receives events. `disabled_reason` is `gone` or `failing`."""

    id: str
    url: str
    description: str
    events: list[str]
    is_active: bool
    disabled_reason: str | None
    created_at: datetime
    updated_at: datetime
    last_delivery_at: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class NewWebhookEndpoint(WebhookEndpoint):
    """A new endpoint with its secret, which is not shown again."""

    secret: str | None


@dataclass(frozen=True, kw_only=True)
class WebhookSecret(Model):
    """The new secret, which is not shown again."""

    secret: str | None


@dataclass(frozen=True, kw_only=True)
class WebhookEndpointDeleted(Model):
    id: str
    deleted: bool


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery(Model):
    """An event on its way to an endpoint. `payload` is read with a single delivery only."""

    id: str
    event_id: str
    event_type: str
    status: str
    attempts: int
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    response_status: int | None
    response_body: str | None
    duration_ms: int | None
    error: str | None
    payload: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class PingSent(Model):
    delivery_id: str


@dataclass(frozen=True, kw_only=True)
class ReplayScheduled(Model):
    scheduled: int


class Integrations(Area[D]):
    """Endpoints of webhooks, and their deliveries."""

    @operation
    async def get_event_types(self) -> list[EventType]:
        """List every type of event, with an example."""
        data, _ = await self._session.data("GET", "/integrations/event-types")
        return [read_as(EventType, each) for each in data]

    @operation
    async def create_webhook(
        self,
        *,
        url: str,
        events: str | Sequence[str],
        description: str | None = None,
        is_active: bool | None = None,
    ) -> NewWebhookEndpoint:
        """Register an address that receives events. Store the secret: it is not shown again."""
        body = given(url=url, events=listed(events), description=description, is_active=is_active)
        return await self._session.one(NewWebhookEndpoint, "POST", PATH, body=body)

    @operation
    async def get_webhooks(self, **query: Unpack[WebhookQuery]) -> Page[WebhookEndpoint]:
        """List the endpoints."""
        return await self._session.page(WebhookEndpoint, PATH, query, WebhookQuery)

    iter_webhooks = iteration(get_webhooks)

    @operation
    async def get_webhook(self, endpoint_id: str) -> WebhookEndpoint:
        """Get an endpoint."""
        return await self._session.one(WebhookEndpoint, "GET", _path(endpoint_id))

    @operation
    async def update_webhook(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: str | Sequence[str] | None = None,
        description: str | None = None,
        is_active: bool | None = None,
        if_match: str | None = None,
    ) -> WebhookEndpoint:
        """Change an endpoint, switch it off, or activate it again."""
        patterns = None if events is None else listed(events)
        body = given(url=url, events=patterns, description=description, is_active=is_active)
        path = _path(endpoint_id)
        return await self._session.one(WebhookEndpoint, "PUT", path, body=body, if_match=if_match)

    @operation
    async def delete_webhook(
        self, endpoint_id: str, *, if_match: str | None = None
    ) -> WebhookEndpointDeleted:
        """Delete an endpoint with its deliveries."""
        path = _path(endpoint_id)
        return await self._session.one(WebhookEndpointDeleted, "DELETE", path, if_match=if_match)

    @operation
    async def rotate_secret(self, endpoint_id: str) -> WebhookSecret:
        """Replace the secret. For 24 hours deliveries are signed with both secrets."""
        path = f"{_path(endpoint_id)}/rotate-secret"
        return await self._session.one(WebhookSecret, "POST", path)

    @operation
    async def ping(self, endpoint_id: str) -> PingSent:
        """Send the event `ping` to an endpoint."""
        return await self._session.one(PingSent, "POST", f"{_path(endpoint_id)}/ping")

    @operation
    async def get_deliveries(
        self, endpoint_id: str, **query: Unpack[DeliveryQuery]
    ) -> Page[WebhookDelivery]:
        """List the deliveries of an endpoint, newest first."""
        path = f"{_path(endpoint_id)}/deliveries"
        return await self._session.page(WebhookDelivery, path, query, DeliveryQuery)

    iter_deliveries = iteration(get_deliveries)

    @operation
    async def get_delivery(self, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
        """Get a delivery with its payload."""
        path = f"{_path(endpoint_id)}/deliveries/{segment(delivery_id)}"
        return await self._session.one(WebhookDelivery, "GET", path)

    @operation
    async def replay_delivery(self, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
        """Deliver an event again."""
        path = f"{_path(endpoint_id)}/deliveries/{segment(delivery_id)}/replay"
        return await self._session.one(WebhookDelivery, "POST", path)

    @operation
    async def replay_failed(self, endpoint_id: str, since: datetime) -> ReplayScheduled:
        """Deliver everything again that has failed since a moment."""
        path = f"{_path(endpoint_id)}/replay"
        return await self._session.one(ReplayScheduled, "POST", path, body={"from": since})


def _path(endpoint_id: str) -> str:
    return f"{PATH}/{segment(endpoint_id)}"
