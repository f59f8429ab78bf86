"""The endpoint that Clerk's messages are sent to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from akako.kernel.core.access import UNGUARDED
from akako.kernel.core.envelope import Ok
from akako.kernel.core.errors import ServiceUnavailable, Unauthorized
from akako.kernel.http.call import Call
from akako.kernel.http.endpoint import JSON, Tag, post
from akako.kernel.http.limits import WEBHOOK
from akako.webhooks import service, signatures
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
MAX_BYTES = 1024 * 1024
TURN_SECONDS = 10.0  # Svix waits for 15


@post(
    "/webhooks/clerk",
    example=EXAMPLE,
    access=UNGUARDED,
    bucket=WEBHOOK,
    metered=False,
    media=JSON,
    body_limit=MAX_BYTES,
    pardons=True,
    errors=(401, 503),
    changes_public=True,
)
async def receive_clerk_webhook(call: Call) -> Ok[Receipt]:
    """Receive a webhook of Clerk.

    Svix signs it in the headers svix-id, svix-timestamp and svix-signature (webhook-* and x-svix-*
    are accepted too). Requests whose headers cannot be those of a recent signed message are
    rejected before the body is read. If the signature holds the response is 200, so that no content
    can get the endpoint disabled. The rate limit applies to requests that are not signed.
    """
    outside = call.outside
    if not outside.webhook_secrets:
        raise ServiceUnavailable("Webhooks are not configured", retry_after=60)
    message = signatures.read_headers(call.headers)
    if message is None:
        raise call.over_limit or Unauthorized("missing", "Webhook signature missing")
    # Before the body is read: it may be long, slow or never come.
    if not signatures.is_plausible(message, time.time()):
        raise call.over_limit or Unauthorized("invalid", "Webhook signature invalid")
    body = await _body(call)
    if not signatures.is_genuine(message, body, outside.webhook_secrets, time.time()):
        raise call.over_limit or Unauthorized("invalid", "Webhook signature invalid")
    async with turn(outside.webhook_turns):
        receipt = await service.receive(
            call.db,
            message.id.decode("ascii"),
            body,
            outside.policy,
            instance_id=outside.clerk_instance_id,
        )
    return Ok(data=receipt, message="Webhook received")


async def _body(call: Call) -> bytes:
    """Read the body within the budget of unverified ones. Raise the rate limit's error instead of
    503 for callers beyond it."""
    try:
        return await call.outside.webhook_bodies.read(call.chunks(), MAX_BYTES)
    except ServiceUnavailable as refusal:
        raise call.over_limit or refusal from None


@asynccontextmanager
async def turn(turns: asyncio.Semaphore) -> AsyncIterator[None]:
    """Wait for a turn. Raise ServiceUnavailable before the sender gives up: it retries sooner."""
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await turns.acquire()
    except TimeoutError:
        raise ServiceUnavailable(retry_after=5) from None
    try:
        yield
    finally:
        turns.release()
