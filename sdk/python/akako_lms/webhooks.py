"""Signed messages of Standard Webhooks, as Clerk (through Svix) and Akako send them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akako_lms._answers import envelope, read_as
from akako_lms._area import Area, D, operation
from akako_lms._drivers import Content
from akako_lms._session import Request
from akako_lms._wire import Model


@dataclass(frozen=True, kw_only=True)
class Receipt(Model):
    """`handled` is False for messages that concern nothing here or could not be applied."""

    received: bool
    handled: bool | None = None
    duplicate: bool | None = None


TOLERANCE_SECONDS = 5 * 60
MAX_SIGNATURES = 100
FAMILIES = ("svix", "webhook", "x-svix")


class WebhookVerificationError(ValueError):
    """The message was not signed with the secret, or not within the last five minutes."""


def verify_webhook(
    payload: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str]
) -> Any:
    """Return the message's JSON if its signature holds, else raise WebhookVerificationError.

    `payload` is the body exactly as it came. Several secrets are tried, for a time of rotation.
    """
    body = payload.encode() if isinstance(payload, str) else payload
    message_id, timestamp, signature = read_headers(headers)
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise WebhookVerificationError("the timestamp is more than five minutes away")
    secrets = [secret] if isinstance(secret, str) else secret
    expected = [sign(each, message_id, timestamp, body) for each in secrets]
    listed = [each for each in signature.split(" ")[:MAX_SIGNATURES] if each.startswith("v1,")]
    # Compared in full, so that the time taken tells nothing about which part was right.
    matches = [
        hmac.compare_digest(own.encode(), given.encode()) for own in expected for given in listed
    ]
    if not any(matches):
        raise WebhookVerificationError("no signature matches")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookVerificationError("the message is not JSON") from None


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature `v1,…` of a message; `secret` starts with whsec_."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("malformed webhook secret") from None
    if not key:
        raise ValueError("empty webhook secret")
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def read_headers(headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Id, timestamp and signature, all of the first header family of which anything is there."""
    found = {name.lower(): value for name, value in headers.items()}
    for family in FAMILIES:
        values = [found.get(f"{family}-{part}", "") for part in ("id", "timestamp", "signature")]
        if any(values):
            message_id, timestamp, signature = values
            sound = re.fullmatch(r"[!-~]{1,256}", message_id) and signature
            if sound and re.fullmatch(r"[0-9]{1,12}", timestamp):
                return message_id, timestamp, signature
            break
    raise WebhookVerificationError("the signature headers are missing or malformed")


class Webhooks(Area[D]):
    """What Clerk does, for trying out an installation."""

    @operation
    async def send_clerk_event(self, event: Mapping[str, Any], *, secret: str) -> Receipt:
        """Sign an event such as Clerk sends and deliver it to the API."""
        message_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
        body = json.dumps(event).encode()
        headers = {
            "svix-id": message_id,
            "svix-timestamp": timestamp,
            "svix-signature": sign(secret, message_id, timestamp, body),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        request = Request(
            method="POST",
            path="/webhooks/clerk",
            headers=headers,
            content=lambda: Content(iter([body]), lambda sent: None),
        )
        return read_as(Receipt, envelope(await self._session.send(request))["data"])
