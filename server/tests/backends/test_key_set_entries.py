"""The entries of a JWKS, and fixed keys: only public RSA signing keys of a safe size are used."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from akako.backends.tokens.key_set import StaticKeySet, decode_base64url, parse_key_set
from akako.dev.fake_clerk import integer64, jwk, new_key


def ec_jwk() -> dict[str, str]:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    point = {"x": integer64(numbers.x), "y": integer64(numbers.y)}
    return {"kty": "EC", "crv": "P-256", "kid": "bad", "use": "sig", **point}


GOOD = jwk(new_key(), "good")
UNUSABLE: dict[str, Any] = {
    "symmetric": {"kty": "oct", "kid": "bad", "k": "c2VjcmV0"},
    "elliptic": ec_jwk(),
    "edwards": {"kty": "OKP", "crv": "Ed25519", "kid": "bad", "x": "A" * 43},
    "private": {**GOOD, "kid": "bad", "d": GOOD["n"]},
    "1024 bit": jwk(new_key(1024), "bad"),
    "32768 bit": {**GOOD, "kid": "bad", "n": integer64((1 << 32767) + 1)},
    "for encryption": {**GOOD, "kid": "bad", "use": "enc"},
    "for another algorithm": {**GOOD, "kid": "bad", "alg": "RS512"},
    "without kty": {name: value for name, value in GOOD.items() if name != "kty"} | {"kid": "bad"},
    "without n": {"kty": "RSA", "kid": "bad", "e": "AQAB"},
    "n a number": {**GOOD, "kid": "bad", "n": 5},
    "n padded": {**GOOD, "kid": "bad", "n": GOOD["n"] + "=="},
    "n not base64": {**GOOD, "kid": "bad", "n": "é"},
    "e null": {**GOOD, "kid": "bad", "e": None},
    "e even": {**GOOD, "kid": "bad", "e": "Ag"},
    "e empty": {**GOOD, "kid": "bad", "e": ""},
    "kid a number": {**GOOD, "kid": 7},
    "kid null": {**GOOD, "kid": None},
    "kid a list": {**GOOD, "kid": ["bad"]},
    "a string": "bad",
    "null": None,
    "a list": [],
}


@pytest.mark.parametrize("entry", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_unusable_entries_are_ignored_and_the_others_used(entry: object) -> None:
    body = json.dumps({"keys": [entry, GOOD, entry]}).encode()
    assert list(parse_key_set(body)) == ["good"]


def test_use_and_alg_may_be_absent() -> None:
    bare = {name: GOOD[name] for name in ("kty", "kid", "n", "e")}
    assert list(parse_key_set(json.dumps({"keys": [bare]}).encode())) == ["good"]


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "+/+/", "Y Q", "YQ\n", "é", "", None, 5])
def test_only_canonical_base64url_decodes(text: object) -> None:
    if text == "":
        assert decode_base64url(text) == b""
        return
    with pytest.raises(ValueError):
        decode_base64url(text)


def pem_of(key: Any) -> str:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


async def test_a_fixed_key_answers_to_every_id_or_to_its_own() -> None:
    key = new_key()
    anonymous = StaticKeySet.from_pem(pem_of(key))
    assert await anonymous.find("any") == key.public_key()
    named = StaticKeySet(key.public_key(), kid="mine")
    assert await named.find("mine") == key.public_key()
    assert await named.find("../../dev/null") is None
    await named.close()


@pytest.mark.parametrize(
    "pem",
    [pem_of(new_key(1024)), pem_of(ec.generate_private_key(ec.SECP256R1())), "garbage", ""],
    ids=["1024 bit", "elliptic", "garbage", "empty"],
)
def test_a_fixed_key_must_be_a_safe_rsa_key(pem: str) -> None:
    with pytest.raises(ValueError):
        StaticKeySet.from_pem(pem)
