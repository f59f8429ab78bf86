"""Request and response types of webhook endpoints and their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from akako.dispatch.addresses import MAX_URL
from akako.dispatch.event_types import PATTERN, is_known
from akako.kernel.core import fields
from akako.kernel.core.text import TextError

PENDING, DELIVERED, FAILED = "PENDING", "DELIVERED", "FAILED"
GONE, FAILING = "gone", "failing"
Status = Literal["PENDING", "DELIVERED", "FAILED"]
DisabledReason = Literal["gone", "failing"]

MAX_ENDPOINTS = 20  # per plan subject
MAX_PATTERNS = 50


def _pattern(raw: str) -> str:
    if len(raw) > 64 or not is_known(raw):
        raise TextError("Must be an event type, a prefix such as enrollment.*, or *")
    return raw


Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_URL,
        examples=["https://example.com/akako"],
        extra_json_schema={"format": "uri"},
        extra={"rule": str},
    ),
]
Pattern = Annotated[
    str,
    Meta(pattern=f"^(?:{PATTERN.pattern})$", examples=["enrollment.*"], extra={"rule": _pattern}),
]
Patterns = Annotated[list[Pattern], Meta(min_length=1, max_length=MAX_PATTERNS)]
Description = Annotated[str, fields.text(500, examples=["Attendance system"])]


class WebhookEndpoint(msgspec.Struct, rename="camel", kw_only=True):
    """An address that receives events.

    `disabledReason` is `gone` after a response with 410 and `failing` after five days without a
    success. `lastDeliveryAt` is when an event was delivered last, `failingSince` when the first
    attempt failed since then.
    """

    id: str
    url: str
    description: str
    events: list[str]
    is_active: bool
    disabled_reason: DisabledReason | None
    created_at: datetime
    updated_at: datetime
    last_delivery_at: datetime | None
    failing_since: datetime | None


class NewWebhookEndpoint(WebhookEndpoint, rename="camel", kw_only=True):
    """A new endpoint with its secret, which is not shown again.

    `secret` is null in the response to a repeated request.
    """

    secret: str | None


class WebhookSecret(msgspec.Struct):
    """The new secret, which is not shown again; null in the response to a repeated request."""

    secret: str | None


class WebhookEndpointCreate(msgspec.Struct, rename="camel", kw_only=True):
    url: Url
    events: Patterns
    description: Description | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


class WebhookEndpointUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """Activating an endpoint also clears `disabledReason` and `failingSince`."""

    __read_only__: ClassVar[frozenset[str]] = frozenset(
        {
            "id",
            "disabledReason",
            "createdAt",
            "updatedAt",
            "lastDeliveryAt",
            "failingSince",
        }
    )

    url: Url | UnsetType = UNSET
    events: Patterns | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


class WebhookEndpointDeleted(msgspec.Struct):
    id: str
    deleted: bool = True


class DescribedEventType(msgspec.Struct):
    """A type of event. `example` is the body of a request that delivers one."""

    type: str
    description: str
    example: dict[str, Any]


class WebhookDelivery(msgspec.Struct, rename="camel", kw_only=True):
    """An event on its way to an endpoint.

    `attempts` counts the requests so far, `responseBody` is the beginning of the latest response
    (at most 1 KiB), `error` says why the latest attempt failed.
    """

    id: str
    event_id: str
    event_type: str
    status: Status
    attempts: int
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    response_status: int | None
    response_body: str | None
    duration_ms: int | None
    error: str | None


class WebhookDeliveryDetails(WebhookDelivery, rename="camel", kw_only=True):
    """A delivery with the body of its requests."""

    payload: dict[str, Any]


class PingSent(msgspec.Struct, rename="camel"):
    delivery_id: str


class ReplayRequest(msgspec.Struct, rename={"from_": "from"}):
    """Deliver again what has failed at or after `from`."""

    from_: fields.Instant


class ReplayScheduled(msgspec.Struct):
    scheduled: int
