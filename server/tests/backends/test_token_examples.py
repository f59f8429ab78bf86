"""Random tokens: none is accepted that is not right, and none raises anything but a refusal."""

import asyncio
import json
import re
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from akako.backends.tokens.key_set import StaticKeySet
from akako.backends.tokens.token_verifier import JwtVerifier
from akako.dev.fake_clerk import base64url, new_key, sign_token
from akako.kernel.core.errors import Forbidden, Unauthorized
from akako.kernel.core.ports import Claims

ISSUER = "https://clerk.example.com"
KEY = new_key()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda each: st.lists(each) | st.dictionaries(st.text(), each), max_leaves=4
)
HEADER = {"alg": "RS256", "kid": "k", "typ": "JWT"}
NOW = int(time.time())
TIMES = {"iat": NOW, "exp": NOW + 3600}
CLAIMS = {"sub": "user_1", "iss": ISSUER, "azp": "a", "aud": "a", **TIMES}


def verified(token: str) -> Claims | None:
    """The claims of an accepted token, None if it is refused. Any other error fails the test."""
    verifier = JwtVerifier(ISSUER, StaticKeySet(KEY.public_key()), audience="a")
    try:
        return asyncio.run(verifier.verify(token))
    except (Unauthorized, Forbidden):
        return None


def signed(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return sign_token(json.dumps(header).encode(), json.dumps(claims).encode(), KEY)


def test_the_token_that_is_varied_below_is_good() -> None:
    accepted = verified(signed(HEADER, CLAIMS))
    assert accepted is not None
    assert accepted.subject == "user_1"


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_no_text_is_accepted(token: str) -> None:
    assert verified(token) is None


@given(st.lists(st.binary(max_size=80).map(base64url), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_no_segments_are_accepted(segments: list[str]) -> None:
    assert verified(".".join(segments)) is None


NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku"])
CLAIM_NAMES = st.sampled_from(
    [*CLAIMS, "nbf", "sid", "o", "org_id", "act", "sts", "scope", "client_id"]
)


@given(st.dictionaries(NAMES, VALUES, max_size=2), st.dictionaries(CLAIM_NAMES, VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_signed_values_are_accepted_only_if_they_are_right(
    header: dict[str, Any], claims: dict[str, Any]
) -> None:
    head, payload = {**HEADER, **header}, {**CLAIMS, **claims}
    accepted = verified(signed(head, payload))
    if accepted is None:
        return
    assert (head["alg"], head["typ"].upper(), head.get("b64", True)) == ("RS256", "JWT", True)
    assert "crit" not in head
    assert 0 < len(head["kid"]) <= 255
    assert payload["iss"] == ISSUER
    assert "a" in payload["aud"]
    assert accepted.subject == payload["sub"]
    assert re.fullmatch(r"user_[A-Za-z0-9_]{1,64}", payload["sub"])
    assert max(payload["iat"], payload.get("nbf", 0)) - 10 < time.time() < payload["exp"] + 10
    assert payload.get("sts") != "pending"
    assert not {"scope", "client_id"} <= payload.keys()
    if "act" in payload:
        assert accepted.impersonator == (payload["act"] and payload["act"]["sub"])


@given(st.binary(), st.binary())
@settings(max_examples=100, deadline=None)
def test_no_signed_bytes_are_accepted(header: bytes, payload: bytes) -> None:
    assert verified(sign_token(json.dumps(HEADER).encode(), payload, KEY)) is None
    assert verified(sign_token(header, json.dumps(CLAIMS).encode(), KEY)) is None
    assert verified(sign_token(header, payload, KEY)) is None
