"""What strangers may send as a token: always refused, never an outbound request too many."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akako.backends.tokens.key_set import JwksKeySet, StaticKeySet
from akako.backends.tokens.token_verifier import JwtVerifier
from akako.dev.fake_clerk import FakeClerk, base64url, jwk, new_key
from akako.kernel.core.errors import Unauthorized
from akako.kernel.core.ports import TokenVerifier
from tests.parts.patience import wait_for_keys

ISSUER = "https://clerk.example.com"
ATTACKER = new_key()


@pytest.fixture(scope="module")
def server() -> Iterator[FakeClerk]:
    with FakeClerk(ISSUER).running() as clerk:
        yield clerk


@pytest.fixture
def clerk(server: FakeClerk) -> FakeClerk:
    server.reset()
    return server


@pytest.fixture
async def verifier(
    clerk: FakeClerk, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TokenVerifier]:
    wait_for_keys(monkeypatch)
    opened = JwtVerifier(ISSUER, JwksKeySet(clerk.jwks_url))
    yield opened
    await opened.close()


async def reason(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthorized) as refused:
        await verifier.verify(token)
    assert refused.value.message == Unauthorized.default
    return str(refused.value.details["reason"])


HEADERS: dict[str, dict[str, Any]] = {
    "alg none": {"alg": "none"},
    "alg None": {"alg": "None"},
    "alg empty": {"alg": ""},
    "alg null": {"alg": None},
    "alg a list": {"alg": ["RS256"]},
    "alg in lower case": {"alg": "rs256"},
    "RS512": {"alg": "RS512"},
    "PS256": {"alg": "PS256"},
    "OAuth access token": {"typ": "at+jwt"},
    "typ JWE": {"typ": "JOSE+JSON"},
    "typ null": {"typ": None},
    "crit unknown": {"crit": ["exp"]},
    "crit b64": {"crit": ["b64"], "b64": False},
    "crit empty": {"crit": []},
    "b64 false": {"b64": False},
    "b64 null": {"b64": None},
    "kid a path": {"kid": "../../dev/null"},
    "kid SQL": {"kid": "' or 1=1 --"},
    "kid a URL": {"kid": "https://evil.example/key"},
    "kid NUL": {"kid": "\0"},
    "kid long": {"kid": "k" * 256},
    "kid empty": {"kid": ""},
    "kid null": {"kid": None},
    "kid a number": {"kid": 1},
    "kid a list": {"kid": ["ins_1"]},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
async def test_a_header_that_asks_for_something_else_is_refused(
    clerk: FakeClerk, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    assert await reason(verifier, clerk.mint(header=header)) == "invalid"


@pytest.mark.parametrize("name", ["alg", "kid"])
async def test_a_header_that_lacks_something_is_refused(
    clerk: FakeClerk, verifier: TokenVerifier, name: str
) -> None:
    assert await reason(verifier, clerk.mint(without=(name,))) == "invalid"
    assert clerk.count() == 0


async def test_a_key_in_or_behind_the_header_is_never_looked_at(
    clerk: FakeClerk, verifier: TokenVerifier
) -> None:
    with FakeClerk().running() as evil:
        evil.keys = {"evil": ATTACKER}
        for header in (
            {"jwk": jwk(ATTACKER, "evil"), "kid": "evil"},
            {"jwk": jwk(ATTACKER, clerk.kid)},
            {"jku": evil.jwks_url, "kid": "evil"},
            {"jku": evil.jwks_url},
            {"x5u": evil.url + "/cert.pem"},
            {"x5c": ["MIIB"], "x5t": "abc"},
            {"kid": evil.jwks_url},
        ):
            assert await reason(verifier, clerk.mint(key=ATTACKER, header=header)) == "invalid"
        assert evil.count() == 0
    assert clerk.count() <= 2


async def test_the_public_key_is_no_shared_secret(clerk: FakeClerk) -> None:
    public = clerk.keys[clerk.kid].public_key()
    verifier = JwtVerifier(ISSUER, StaticKeySet(public))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for alg in ("HS256", "RS256"):
        parts = [{"alg": alg, "kid": clerk.kid, "typ": "JWT"}, clerk.claims("user_admin")]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        for secret in (pem, pem.strip()):
            signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            assert await reason(verifier, f"{signed}.{base64url(signature)}") == "invalid"


async def test_a_signature_holds_for_its_own_content_only(
    clerk: FakeClerk, verifier: TokenVerifier
) -> None:
    header, payload, signature = clerk.mint("user_123").split(".")
    admin = clerk.mint("user_admin").split(".")[1]
    for forged in (
        f"{header}.{admin}.{signature}",
        f"{header}.{payload}.{signature[:-6]}",
        f"{header}.{payload}.{'A' * len(signature)}",
        f"{header}.{payload}.{signature[:-2]}AAAA",
        clerk.mint(key=ATTACKER),
    ):
        assert await reason(verifier, forged) == "invalid"
    assert clerk.count() == 1


def shapes(token: str) -> Iterator[str]:
    header, payload, signature = token.split(".")
    yield from ("", ".", "..", "...", "token", "YOUR_TOKEN", "a.b", "null", "é.é.é", "\0.\0.\0")
    yield from (f"{prefix}_2x9ab" for prefix in ("ak", "oat", "mt", "m2m", "sk_test"))
    yield from (f"ak_{token}", f"oat_{token}", f"mt_{token}", f"m2m_{token}")
    yield f"{header}.{payload}."
    yield f".{payload}.{signature}"
    yield f"{header}..{signature}"
    yield f"{token}.{signature}"
    yield f"{header}.{payload}.{signature}.{signature}.{signature}"
    for space in (" ", "\n", "\t", "\r\n", "\u00a0", "\u200b"):
        yield from (token + space, space + token, token.replace(".", f".{space}", 1))
    for padding in ("=", "==", "+", "/", "%3D", "\0", "é", "🙂"):
        yield token + padding
        yield f"{header}{padding}.{payload}.{signature}"
    yield f"Bearer {token}"
    yield f"{token},{token}"
    yield token + "A" * 8192


async def test_what_is_not_three_canonical_segments_is_malformed(
    clerk: FakeClerk, verifier: TokenVerifier
) -> None:
    for token in shapes(clerk.mint()):
        assert await reason(verifier, token) == "malformed", ascii(token[:80])
    assert clerk.count() == 0


async def test_a_second_spelling_of_a_signature_is_malformed(
    clerk: FakeClerk, verifier: TokenVerifier
) -> None:
    token = clerk.mint()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    # 256 bytes leave four unused bits in the last character.
    other = token[:-1] + base64.urlsafe_b64encode(bytes([(last | 1) << 2])).decode()[0]
    assert other != token
    assert await reason(verifier, other) == "malformed"


async def test_a_token_may_have_eight_kibibytes_and_no_more(
    clerk: FakeClerk, verifier: TokenVerifier
) -> None:
    longest = max(
        (clerk.mint(pad="x" * size) for size in range(5500, 5800, 3)),
        key=lambda token: len(token) if len(token) <= 8192 else 0,
    )
    assert len(longest) > 8180
    assert (await verifier.verify(longest)).subject == "user_123"
    assert await reason(verifier, clerk.mint(pad="x" * 5900)) == "malformed"


BYTES: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"hello",
    "a list": b"[]",
    "null": b"null",
    "cut short": b'{"alg":"RS256"',
    "with a tail": b'{"alg":"RS256"} {}',
    "not UTF-8": b'{"alg":"\xff"}',
    "UTF-16": '{"alg":"RS256"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"alg":"RS256"}',
    "a lone surrogate": b'{"alg":"RS256","kid":"\\ud800"}',
    "deep": b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    "NaN": b'{"alg":NaN}',
    "4400 digits": b'{"alg":' + b"1" * 4400 + b"}",
    "the same key twice": b'{"alg":"none","alg":"RS256"}',
    "twice by escape": b'{"alg":"none","\\u0061lg":"RS256"}',
    "twice further in": b'{"alg":"RS256","o":{"id":"a","id":"b"}}',
}


@pytest.mark.parametrize("content", BYTES.values(), ids=BYTES.keys())
@pytest.mark.parametrize("part", ["header", "payload"])
async def test_segments_that_are_no_strict_json_object_are_malformed(
    clerk: FakeClerk, verifier: TokenVerifier, part: str, content: bytes
) -> None:
    assert await reason(verifier, clerk.mint_raw(**{part: content})) == "malformed"
    assert clerk.count() == 0


async def test_the_same_claim_twice_is_malformed(clerk: FakeClerk, verifier: TokenVerifier) -> None:
    claims = json.dumps(clerk.claims("user_123"))
    twice = claims[:-1] + ', "sub": "user_admin"}'
    assert await reason(verifier, clerk.mint_raw(payload=twice.encode())) == "malformed"
    kids = f'{{"alg":"RS256","kid":"{clerk.kid}","kid":"{clerk.kid}"}}'
    assert await reason(verifier, clerk.mint_raw(header=kids.encode())) == "malformed"


async def test_five_hundred_unknown_keys_do_not_disturb_good_tokens(
    clerk: FakeClerk, verifier: TokenVerifier
) -> None:
    forged = [clerk.mint(key=ATTACKER, kid=f"ins_{number}") for number in range(500)]
    good = [clerk.mint(f"user_{number}") for number in range(50)]
    calls = [verifier.verify(token) for token in [*forged, *good]]
    random.Random(7).shuffle(calls)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Unauthorized)]
    assert len(refused) == 500
    assert {answer.details["reason"] for answer in refused} == {"invalid"}
    assert len(answers) - len(refused) == 50
    assert not any(isinstance(answer, Exception) for answer in answers if answer not in refused)
    assert clerk.count() <= 2
