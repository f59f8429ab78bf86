"""Signatures of Standard Webhooks."""

from __future__ import annotations

import time

import pytest

from akako_lms import WebhookVerificationError, verify_webhook
from akako_lms.webhooks import sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_plJ3nmyCDGBKInavdOK15jsl"
BODY = b'{"test": 2432232314}'


def headers(family: str = "svix", *, body: bytes = BODY, age: float = 0) -> dict[str, str]:
    timestamp = str(int(time.time() - age))
    return {
        f"{family}-id": "msg_1",
        f"{family}-timestamp": timestamp,
        f"{family}-signature": sign(SECRET, "msg_1", timestamp, body),
    }


@pytest.mark.parametrize(
    ("secret", "message_id", "timestamp", "body", "signature"),
    [
        (
            OTHER,
            "msg_loFOjxBNrRLzqYUf",
            "1731705121",
            b'{"event_type":"ping","data":{"success":true}}',
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
        (
            SECRET,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            BODY,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ],
)
def test_published_signatures(
    secret: str, message_id: str, timestamp: str, body: bytes, signature: str
) -> None:
    assert sign(secret, message_id, timestamp, body) == signature


@pytest.mark.parametrize("family", ["svix", "webhook", "x-svix", "Svix"])
def test_a_genuine_message_is_read(family: str) -> None:
    assert verify_webhook(BODY, headers(family), SECRET) == {"test": 2432232314}
    assert verify_webhook(BODY.decode(), headers(family), [OTHER, SECRET])


def test_one_of_several_signatures_is_enough() -> None:
    sent = headers()
    sent["svix-signature"] = f"v1,AAAA v2,x {sent['svix-signature']} v1,ä"
    assert verify_webhook(BODY, sent, SECRET)


@pytest.mark.parametrize("age", [-310, 310])
def test_an_old_or_future_message_is_refused(age: float) -> None:
    with pytest.raises(WebhookVerificationError, match="five minutes"):
        verify_webhook(BODY, headers(age=age), SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"svix-signature": "v1,AAAA"},
        {"svix-signature": "nocomma"},
        {"svix-signature": ""},
        {"svix-signature": "v1,ä"},
        {"svix-id": "msg_2"},
        {"svix-id": "two words"},
        {"svix-timestamp": "now"},
        {"svix-timestamp": "1" * 5000},
        {"svix-timestamp": "²"},
    ],
)
def test_a_forged_message_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        verify_webhook(BODY, {**headers(), **changed}, SECRET)


def test_families_are_not_mixed() -> None:
    sent = headers()
    sent["webhook-signature"] = sent.pop("svix-signature")
    with pytest.raises(WebhookVerificationError, match="missing"):
        verify_webhook(BODY, sent, SECRET)


@pytest.mark.parametrize("body", [b"\xff", b"", b"not JSON", b"[" * 100_000])
def test_a_signed_message_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookVerificationError, match="not JSON"):
        verify_webhook(body, headers(body=body), SECRET)


@pytest.mark.parametrize("secret", ["whsec_%%%", "whsec_", "whsec_ä"])
def test_a_malformed_secret_is_reported(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        verify_webhook(BODY, headers(), secret)
