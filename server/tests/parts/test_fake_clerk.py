"""The fake is itself checked against Svix's published signatures."""

import pytest

from akako.dev.fake_clerk import sign_webhook


@pytest.mark.parametrize(
    ("secret", "message", "timestamp", "body", "signature"),
    [
        (
            "whsec_plJ3nmyCDGBKInavdOK15jsl",
            "msg_loFOjxBNrRLzqYUf",
            1731705121,
            b'{"event_type":"ping","data":{"success":true}}',
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ],
)
def test_the_fake_signs_webhooks_as_svix_does(
    secret: str, message: str, timestamp: int, body: bytes, signature: str
) -> None:
    headers = sign_webhook(body, secret, message, timestamp)
    assert headers["svix-signature"] == signature
