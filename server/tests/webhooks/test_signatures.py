"""Only what was signed is believed."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.dev.fake_clerk import sign_webhook
from akako.kernel.core.ids import new_id
from akako.settings.model import DEVELOPMENT_WEBHOOK_SECRET, Settings
from akako.webhooks.signatures import Message, is_genuine, read_headers, sign
from tests.conftest import StartServer
from tests.parts.server import Server
from tests.webhooks.conftest import OLD_SECRET, PATH, SECRET, Clerk, event, user

VECTORS = [
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        b"msg_loFOjxBNrRLzqYUf",
        b"1731705121",
        b'{"event_type":"ping","data":{"success":true}}',
        b"rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b"msg_p5jXN8AQM9LWM0D4loKWxJek",
        b"1614265330",
        b'{"test": 2432232314}',
        b"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
]


@pytest.mark.parametrize(("secret", "id", "timestamp", "body", "signature"), VECTORS)
def test_published_vectors(
    secret: str, id: bytes, timestamp: bytes, body: bytes, signature: bytes
) -> None:
    assert sign(secret, id, timestamp, body) == signature
    message = Message(id, timestamp, (signature,))
    assert is_genuine(message, body, [secret], int(timestamp))
    assert is_genuine(message, body, [secret], int(timestamp) + 300)
    assert is_genuine(message, body, [secret], int(timestamp) - 300)
    assert not is_genuine(message, body, [secret], int(timestamp) + 301)
    assert not is_genuine(message, body, [secret], int(timestamp) - 301)


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_noticed(position: int, bit: int) -> None:
    secret, id, timestamp, body, signature = VECTORS[0]
    parts = [id, timestamp, body, signature]
    lengths = [len(part) for part in parts]
    place = position % sum(lengths)
    for index, length in enumerate(lengths):
        if place < length:
            changed = bytearray(parts[index])
            changed[place] ^= 1 << bit
            parts[index] = bytes(changed)
            break
        place -= length
    headers = {
        b"svix-id": parts[0],
        b"svix-timestamp": parts[1],
        b"svix-signature": b"v1," + parts[3],
    }
    message = read_headers(headers)
    assert message is None or not is_genuine(message, parts[2], [secret], int(timestamp))


@pytest.mark.parametrize("family", ["svix", "webhook", "x-svix"])
@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_header_families_and_both_secrets(
    clerk: Clerk, family: str, secret: str, fresh_id: str
) -> None:
    body = json.dumps(event("user.created", user(fresh_id, at=1))).encode()
    signed = sign_webhook(body, secret, clerk.new_id())
    headers = {name.replace("svix", family): value for name, value in signed.items()}
    response = clerk.post(body, headers)
    assert response.status_code == 200
    assert response.json()["data"] == {"received": True, "handled": True}
    assert clerk.row(fresh_id) is not None


def test_one_flipped_byte_anywhere_is_401(clerk: Clerk) -> None:
    body = b'{"type":"x","data":{}}'
    signed = sign_webhook(body, SECRET, "msg_flipped")
    sent = {**{name: value.encode() for name, value in signed.items()}, "body": body}
    for name, content in sent.items():
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1
            parts = {**sent, name: bytes(changed)}
            answer = clerk.post(parts.pop("body"), parts)
            assert answer.status_code == 401, (name, place)
    assert clerk.post(body, signed).status_code == 200


ANYTHING = [
    *(b"", b"\x80\xff", b"'; drop table users; --", b"{}", b"null", b"%00", b"a\tb", b"a b"),
    *("\u0661\u202e".encode(), b"x" * 7000, b"v1," * 1000, b"-1", b"9" * 5000),
]
OTHERS = ["Authorization", "Content-Type", "Content-Encoding", "X-Forwarded-For", "X-Request-Id"]


@pytest.mark.parametrize("family", ["svix", "webhook", "x-svix"])
@pytest.mark.parametrize("part", ["id", "timestamp", "signature"])
def test_garbage_in_a_signature_header_is_401(clerk: Clerk, family: str, part: str) -> None:
    signed = sign_webhook(b"{}", SECRET, "msg_1")
    headers: dict[str, str | bytes] = {
        name.replace("svix", family): value for name, value in signed.items()
    }
    for garbage in ANYTHING:
        answer = clerk.post(b"{}", {**headers, f"{family}-{part}": garbage})
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED"), garbage


@pytest.mark.parametrize("name", OTHERS)
def test_garbage_in_another_header_is_no_crash(clerk: Clerk, name: str) -> None:
    signed = sign_webhook(b'{"type":"x"}', SECRET, clerk.new_id())
    for garbage in ANYTHING:
        answer = clerk.post(b'{"type":"x"}', {**signed, name: garbage})
        assert answer.status_code in {200, 415}, garbage
        assert answer.json()["success"] is (answer.status_code == 200)


GARBAGE = ["", "nocomma", "v1,abc", "v1,a,b", "v2,abc", "a\tb", "v1,", "v1," + "A" * 43 + "="]


@pytest.mark.parametrize("signature", [*GARBAGE, " ".join(["v1,abc"] * 400)])
def test_garbage_signatures_are_refused(clerk: Clerk, signature: str) -> None:
    headers = {"svix-id": "msg_1", "svix-timestamp": str(int(time.time()))}
    response = clerk.post(b"{}", {**headers, "svix-signature": signature})
    assert response.status_code == 401
    assert response.json()["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize(
    "timestamp", ["", "0", "-5", "1.5", "1e9", "9" * 13, "now", "１７３１７０５１２１".encode()]
)
def test_bad_timestamps_are_refused(clerk: Clerk, timestamp: str | bytes) -> None:
    signed = sign_webhook(b"{}", SECRET, "msg_1")
    response = clerk.post(b"{}", {**signed, "svix-timestamp": timestamp})
    assert response.status_code == 401


def test_a_good_signature_among_bad_ones_counts(clerk: Clerk) -> None:
    signed = sign_webhook(b'{"type":"x"}', SECRET, clerk.new_id())
    signed["svix-signature"] = f"v2,zzz v1,AAAA {signed['svix-signature']}"
    assert clerk.post(b'{"type":"x"}', signed).status_code == 200


def test_incomplete_mixed_and_doubled_headers_are_refused(clerk: Clerk) -> None:
    signed = sign_webhook(b"{}", SECRET, "msg_1")
    alone = {"x-svix-signature": signed["svix-signature"]}
    mixed = {
        "svix-id": signed["svix-id"],
        "webhook-timestamp": signed["svix-timestamp"],
        "webhook-signature": signed["svix-signature"],
    }
    for headers in ({}, alone, mixed):
        assert clerk.post(b"{}", headers).status_code == 401
    doubled = [("Content-Type", "application/json"), ("svix-id", "msg_2"), *signed.items()]
    response = clerk.server._client.post(PATH, content=b"{}", headers=doubled)
    assert response.status_code == 401


def test_a_token_is_no_signature(clerk: Clerk) -> None:
    token = clerk.fake.mint("user_123")
    response = clerk.post(b"{}", {"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


def test_transport_refusals(clerk: Clerk) -> None:
    assert clerk.server.get(PATH).status_code == 405
    big = b'{"type":"x","pad":"' + b"x" * (2 * 1024 * 1024) + b'"}'
    assert clerk.send(big).status_code == 413
    signed = sign_webhook(b"{}", SECRET, "msg_1")
    form = clerk.post(b"{}", {**signed, "Content-Type": "application/x-www-form-urlencoded"})
    assert form.status_code == 415


def test_with_clerk_and_without_a_secret_the_answer_is_503(start_server: StartServer) -> None:
    api = start_server({"AKAKO_CLERK_ISSUER": "https://clerk.example.com"})
    response = api.post(PATH, json={"type": "user.created"})
    assert response.status_code == 503
    assert response.headers["retry-after"]


def test_without_clerk_development_accepts_the_secret_of_the_postman_files(api: Server) -> None:
    body = b'{"type": "x.unknown"}'
    headers = sign_webhook(body, DEVELOPMENT_WEBHOOK_SECRET, f"msg_{new_id()}")
    headers["Content-Type"] = "application/json"
    assert api.post(PATH, content=body, headers=headers).status_code == 200
    other = sign_webhook(body, SECRET, f"msg_{new_id()}") | {"Content-Type": "application/json"}
    assert api.post(PATH, content=body, headers=other).status_code == 401


@pytest.mark.parametrize("more", [{"env": "production"}, {"clerk_issuer": "https://c.example.com"}])
def test_that_secret_is_for_development_without_clerk_only(more: dict[str, str]) -> None:
    assert Settings().webhook_secrets == (DEVELOPMENT_WEBHOOK_SECRET,)
    assert Settings(**more).webhook_secrets == ()  # type: ignore[arg-type]
