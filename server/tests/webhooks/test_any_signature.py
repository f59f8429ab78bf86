"""Signature headers made of anything: never believed, and never an error of their own."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from akako.webhooks.signatures import FAMILIES, MAX_SIGNATURES, is_genuine, read_headers, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_800_000_000
IDS = st.from_regex(rb"[\x21-\x7e]{1,40}", fullmatch=True)
BODIES = st.binary(max_size=80)
LIKE = st.lists(
    st.sampled_from([b"v1", b"v2", b",", b" ", b"=", b"\t", b"AAAA", b"\xff", b"v1,"]), max_size=30
).map(b"".join)
VALUES = st.none() | st.binary(max_size=60) | LIKE
FAMILY = st.sampled_from(FAMILIES)


def headers(
    family: str, id: bytes | None, timestamp: bytes | None, signature: bytes | None
) -> dict[bytes, bytes]:
    values = {"id": id, "timestamp": timestamp, "signature": signature}
    return {
        f"{family}-{name}".encode(): value for name, value in values.items() if value is not None
    }


@given(FAMILY, VALUES, VALUES | st.integers(0, 10**13).map(lambda n: b"%d" % n), VALUES, BODIES)
def test_noise_is_never_believed(
    family: str, id: bytes | None, timestamp: bytes | None, signature: bytes | None, body: bytes
) -> None:
    message = read_headers(headers(family, id, timestamp, signature))
    if message is None:
        return
    assert len(message.signatures) <= MAX_SIGNATURES
    assert not is_genuine(message, body, [SECRET], NOW)


@given(FAMILY, IDS, BODIES, st.integers(-300, 300), LIKE, st.lists(LIKE, max_size=3))
def test_what_was_signed_is_believed_among_noise(
    family: str, id: bytes, body: bytes, late: int, before: bytes, after: list[bytes]
) -> None:
    timestamp = b"%d" % (NOW - late)
    good = b"v1," + sign(SECRET, id, timestamp, body)
    listed = b" ".join([before, good, *after])
    message = read_headers(headers(family, id, timestamp, listed))
    assert message is not None
    assert is_genuine(message, body, [SECRET], NOW)
    assert not is_genuine(message, body + b"x", [SECRET], NOW)
    assert not is_genuine(message, body, [], NOW)


@given(st.permutations(list(FAMILIES)), IDS, BODIES)
def test_parts_of_several_families_make_no_message(
    families: list[str], id: bytes, body: bytes
) -> None:
    timestamp = b"%d" % NOW
    whole = headers("svix", id, timestamp, b"v1," + sign(SECRET, id, timestamp, body))
    names = zip(families, ("id", "timestamp", "signature"), strict=True)
    mixed = {f"{family}-{part}".encode(): whole[f"svix-{part}".encode()] for family, part in names}
    assume(len(mixed) == 3)
    assert read_headers(mixed) is None
