"""Signatures of Standard Webhooks, as Svix sends them for Clerk.

Written here because the signature covers the raw bytes, and a genuine body that is not UTF-8 must
be distinguished from a forged one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

import msgspec

TOLERANCE_SECONDS = 5 * 60
MAX_SIGNATURES = 100
FAMILIES = ("svix", "webhook", "x-svix")
MESSAGE_ID = re.compile(rb"[\x21-\x7e]{1,256}")
TIMESTAMP = re.compile(rb"[0-9]{1,12}")
SIGNATURE = re.compile(rb"v1,[A-Za-z0-9+/]{43}=")  # HMAC-SHA256 in base64


class Message(msgspec.Struct, frozen=True):
    """The headers of a message. Its id stays the same over all retries."""

    id: bytes
    timestamp: bytes
    signatures: tuple[bytes, ...]


def read_headers(headers: Mapping[bytes, bytes]) -> Message | None:
    """Return the first header family that is present, or None if it is incomplete or malformed."""
    for family in FAMILIES:
        values = [
            headers.get(f"{family}-{part}".encode()) for part in ("id", "timestamp", "signature")
        ]
        if any(value is not None for value in values):
            return _message(*values)
    return None


def _message(id: bytes | None, timestamp: bytes | None, signature: bytes | None) -> Message | None:
    if not id or not timestamp or not signature:
        return None
    if not MESSAGE_ID.fullmatch(id) or not TIMESTAMP.fullmatch(timestamp):
        return None
    listed = signature.split(b" ", MAX_SIGNATURES)[:MAX_SIGNATURES]
    return Message(id, timestamp, tuple(each[3:] for each in listed if SIGNATURE.fullmatch(each)))


def sign(secret: str, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """Return the signature in base64. Raise ValueError for a malformed `whsec_` secret."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("malformed webhook secret") from error
    signed = b".".join((message_id, timestamp, body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def is_plausible(message: Message, now: float) -> bool:
    """Return whether a body could make the message genuine: it is recent and has a signature."""
    is_recent = abs(now - int(message.timestamp)) <= TOLERANCE_SECONDS
    return is_recent and bool(message.signatures)


def is_genuine(message: Message, body: bytes, secrets: Sequence[str], now: float) -> bool:
    """Return whether one of the secrets signed this body, at most five minutes from now."""
    if not is_plausible(message, now):
        return False
    expected = [sign(secret, message.id, message.timestamp, body) for secret in secrets]
    # All pairs are compared, so that the time taken does not depend on the matching one.
    matches = [
        hmac.compare_digest(each, given) for each in expected for given in message.signatures
    ]
    return any(matches)
