"""The endpoint that Clerk's messages are sent to."""

from __future__ import annotations

import time

from akako.identity.accounts import Policy
from akako.kernel.access import UNGUARDED
from akako.kernel.envelope import Ok
from akako.kernel.errors import ServiceUnavailable, Unauthorized
from akako.kernel.http.body import read_whole
from akako.kernel.http.call import Call
from akako.kernel.http.endpoint import JSON, post
from akako.kernel.limits import WEBHOOK
from akako.webhooks import service, signatures
from akako.webhooks.schemas import Receipt

MAX_BYTES = 1024 * 1024


@post(
    "/webhooks/clerk",
    access=UNGUARDED,
    bucket=WEBHOOK,
    metered=False,
    media=JSON,
    body_limit=MAX_BYTES,
    errors=(401, 503),
)
async def receive_clerk_webhook(call: Call) -> Ok[Receipt]:
    """Receive a webhook of Clerk.

    Signed by Svix in the headers svix-id, svix-timestamp and svix-signature (webhook-* and x-svix-*
    are understood too). Once the signature holds the answer is 200, so that no content can get the
    endpoint disabled.
    """
    outside = call.outside
    if not outside.webhook_secrets:
        raise ServiceUnavailable("Webhooks are not configured", retry_after=60)
    message = signatures.read_headers(call.headers)
    if message is None:
        raise Unauthorized("missing", "Webhook signature missing")
    body = await read_whole(call, MAX_BYTES)
    if not signatures.is_genuine(message, body, outside.webhook_secrets, time.time()):
        raise Unauthorized("invalid", "Webhook signature invalid")
    policy = Policy(default_plan=outside.default_plan, bootstrap_admins=outside.bootstrap_admins)
    receipt = await service.receive(call.db, message.id.decode("ascii"), body, policy)
    return Ok(data=receipt, message="Webhook received")
