"""The endpoint for webhooks of Clerk."""

from __future__ import annotations

import time

import msgspec

from akako.kernel.core.access import UNGUARDED, Policy
from akako.kernel.core.envelope import Ok
from akako.kernel.core.errors import ServiceUnavailable, Unauthorized
from akako.kernel.db.turns import Turns
from akako.kernel.http.context import Context
from akako.kernel.http.endpoint import JSON, Tag, post
from akako.kernel.http.limits import Bucket
from akako.webhooks import service, signatures
from akako.webhooks.body_budget import BodyBudget
from akako.webhooks.schemas import Receipt

TAG = Tag("Webhooks", "Events from and to other systems.")

EXAMPLE = {
    "type": "user.created",
    "data": {
        "id": "user_123",
        "email_addresses": [],
        "first_name": "John",
        "last_name": "Doe",
    },
}
WEBHOOK = Bucket("webhook")
MAX_BYTES = 1024 * 1024
MAX_CONCURRENT = 4  # messages applied at a time; the rest of the database stays for requests
TURN_SECONDS = 10.0  # Svix waits for 15


class ClerkWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint needs to verify, bound and apply messages."""

    read_user: service.ReadUser
    secrets: tuple[str, ...] = ()
    instance_id: str | None = None
    policy: Policy = Policy()
    turns: Turns = msgspec.field(
        default_factory=lambda: Turns(MAX_CONCURRENT, TURN_SECONDS, retry_after=5)
    )
    bodies: BodyBudget = msgspec.field(default_factory=BodyBudget)


@post(
    "/webhooks/clerk",
    example=EXAMPLE,
    access=UNGUARDED,
    bucket=WEBHOOK,
    metered=False,
    media=JSON,
    body_limit=MAX_BYTES,
    serves_over_limit=True,
    errors=(401, 503),
    changes_public=True,
)
async def receive_clerk_webhook(ctx: Context) -> Ok[Receipt]:
    """Receive a webhook of Clerk.

    Svix signs it in the headers svix-id, svix-timestamp and svix-signature (webhook-* and x-svix-*
    are accepted too). Requests whose headers cannot be those of a recent signed message are
    rejected before the body is read. If the signature is valid the response is always 200, so that
    no message can disable the endpoint. The rate limit applies to requests that are not signed.
    """
    clerk = ctx.get(ClerkWebhooks)
    if not clerk.secrets:
        raise ServiceUnavailable("Webhooks are not configured", retry_after=60)
    message = signatures.read_headers(ctx.headers)
    if message is None:
        raise ctx.over_limit or Unauthorized("missing", "Webhook signature missing")
    # Checked before the body, which may be long, slow or missing.
    if not signatures.is_plausible(message, time.time()):
        raise ctx.over_limit or Unauthorized("invalid", "Webhook signature invalid")
    body = await _body(ctx)
    if not signatures.is_genuine(message, body, clerk.secrets, time.time()):
        raise ctx.over_limit or Unauthorized("invalid", "Webhook signature invalid")
    async with clerk.turns:
        receipt = await service.receive(
            ctx.db,
            message.id.decode("ascii"),
            body,
            clerk.policy,
            clerk.read_user,
            instance_id=clerk.instance_id,
        )
    return Ok(data=receipt, message="Webhook received")


async def _body(ctx: Context) -> bytes:
    """Read the body within the budget of unverified ones. Raise the rate limit's error instead of
    503 for callers beyond it."""
    try:
        return await ctx.get(ClerkWebhooks).bodies.read(ctx.chunks(), MAX_BYTES)
    except ServiceUnavailable as refusal:
        raise ctx.over_limit or refusal from None
