"""Which claims of a properly signed token are accepted, and how long its verification is kept."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from akako.backends.tokens import token_verifier
from akako.backends.tokens.key_set import CACHE_SECONDS, JwksKeySet, StaticKeySet
from akako.backends.tokens.token_verifier import JwtVerifier
from akako.dev.fake_clerk import FakeClerk
from akako.kernel.core.errors import Forbidden, ServiceUnavailable, Unauthorized
from akako.kernel.core.ports import Claims, TokenVerifier
from tests.parts.patience import wait_for_keys
from tests.parts.token_clock import Clock, set_clock

ISSUER = "https://clerk.example.com"
NOW = 1_800_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[FakeClerk]:
    with FakeClerk(ISSUER).running() as clerk:
        yield clerk


@pytest.fixture
def clerk(server: FakeClerk) -> FakeClerk:
    server.reset()
    return server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return set_clock(monkeypatch, NOW)


def verifier_of(clerk: FakeClerk, clock: Clock, **options: Any) -> TokenVerifier:
    key = StaticKeySet(clerk.keys[clerk.kid].public_key(), kid=clerk.kid)
    return JwtVerifier(ISSUER, key, **options)


async def reason(verifier: TokenVerifier, token: str) -> str:
    """Why the token is refused; "accepted" when it is not."""
    try:
        await verifier.verify(token)
    except Unauthorized as refused:
        return str(refused.details["reason"])
    return "accepted"


async def test_a_session_token_says_who_is_asking(clerk: FakeClerk, clock: Clock) -> None:
    claims = await verifier_of(clerk, clock).verify(clerk.mint("user_2abC", at=NOW))
    assert claims == Claims(
        subject="user_2abC",
        expires_at=NOW + 60,
        session_id="sess_fake",
        authorized_party="https://app.example.com",
    )


ODD: tuple[object, ...] = (None, True, str(NOW), [NOW], {}, -1, 10**18, 1e300)
ACCEPTED: dict[str, dict[str, Any]] = {
    "version 1": {"without": ("v", "jti", "fva"), "org_role": "org:admin"},
    "version 2": {"pla": "u:free", "fea": "", "sts": "active"},
    "template": {"without": ("sid", "v", "fva"), "aud": "convex", "roles": ["ADMIN"]},
    "backend minted": {"without": ("azp",)},
    "rotated origin": {"header": {"oiat": NOW, "x-unknown": {"a": [1]}}},
    "typ absent": {"without": ("typ",)},
    "typ in lower case": {"header": {"typ": "jwt"}},
    "nbf absent": {"without": ("nbf",)},
    "b64 true": {"header": {"b64": True}},
    "fractions": {"iat": NOW - 0.5, "exp": NOW + 59.5},
    "several audiences": {"aud": ["a", "b"]},
    "a day long": {"ttl": 24 * 3600},
    "scope alone": {"scope": "read"},
}


@pytest.mark.parametrize("minted", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_every_kind_of_session_token_is_accepted(
    clerk: FakeClerk, clock: Clock, minted: dict[str, Any]
) -> None:
    assert await reason(verifier_of(clerk, clock), clerk.mint(at=NOW, **minted)) == "accepted"


REFUSED: dict[str, dict[str, Any]] = {
    **{f"without {name}": {"without": (name,)} for name in ("exp", "iat", "sub", "iss")},
    **{f"{name} {value!r}": {name: value} for name in ("exp", "iat", "nbf") for value in ODD},
    **{
        f"sub {value!r}": {"sub": value}
        for value in (
            *("", "user_", "mch_123", "org_123", "123", "User_1", "user_a\n", "user_1/../x"),
            *(" user_1", "user_é", "user_" + "a" * 65, "user_a-b", 5, None, ["user_1"], True),
        )
    },
    **{
        f"iss {value!r}": {"iss": value}
        for value in (
            *(ISSUER + "/", "https://clerk.example.org", "", ISSUER.upper(), None, 5),
            *([ISSUER], {"iss": ISSUER}),
        )
    },
    **{f"azp {value!r}": {"azp": value} for value in ("", None, 5, ["https://app.example.com"])},
    **{f"act {value!r}": {"act": value} for value in ("user_1", {}, {"sub": None}, {"sub": ""})},
    "from the future": {"iat": NOW + 6},
    "not yet": {"nbf": NOW + 6},
    "longer than a day": {"ttl": 24 * 3600 + 1},
    "an OAuth token": {"client_id": "c", "scope": "profile"},
}


@pytest.mark.parametrize("minted", REFUSED.values(), ids=REFUSED.keys())
async def test_claims_that_are_missing_or_wrong_are_refused(
    clerk: FakeClerk, clock: Clock, minted: dict[str, Any]
) -> None:
    assert await reason(verifier_of(clerk, clock), clerk.mint(at=NOW, **minted)) == "invalid"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" + "0" * 30, "1" * 5000])
async def test_numbers_beyond_json_are_malformed(
    clerk: FakeClerk, clock: Clock, number: str
) -> None:
    token = clerk.mint_raw(payload=f'{{"exp": {number}}}'.encode())
    assert await reason(verifier_of(clerk, clock), token) == "malformed"


@pytest.mark.parametrize(
    ("after_expiry", "expected"),
    [(-1, "accepted"), (0, "accepted"), (4.9, "accepted"), (5, "expired"), (10_000, "expired")],
)
async def test_expiry_is_put_off_by_five_seconds(
    clerk: FakeClerk, clock: Clock, after_expiry: float, expected: str
) -> None:
    token = clerk.mint(at=NOW, ttl=60)
    fresh, remembering = verifier_of(clerk, clock), verifier_of(clerk, clock)
    assert await reason(remembering, token) == "accepted"
    clock.now = NOW + 60 + after_expiry
    assert await reason(fresh, token) == expected
    assert await reason(remembering, token) == expected


@pytest.mark.parametrize("name", ["iat", "nbf"])
async def test_clocks_may_differ_by_five_seconds(clerk: FakeClerk, clock: Clock, name: str) -> None:
    moment: dict[str, Any] = {name: NOW + 5}
    assert await reason(verifier_of(clerk, clock), clerk.mint(at=NOW, **moment)) == "accepted"


async def test_only_an_otherwise_valid_token_is_reported_as_expired(
    clerk: FakeClerk, clock: Clock
) -> None:
    verifier = verifier_of(clerk, clock)
    old: dict[str, Any] = {"at": NOW - 600}
    assert await reason(verifier, clerk.mint(**old)) == "expired"
    assert await reason(verifier, clerk.mint(**old, sts="pending")) == "expired"
    assert await reason(verifier, clerk.mint(**old, iss="https://evil.example")) == "invalid"
    assert await reason(verifier, clerk.mint(**old)[:-8] + "AAAAAAAA") == "invalid"


async def test_a_pending_session_is_forbidden(clerk: FakeClerk, clock: Clock) -> None:
    verifier = verifier_of(clerk, clock)
    token = clerk.mint(at=NOW, sts="pending")
    for _ in range(2):
        with pytest.raises(Forbidden) as refused:
            await verifier.verify(token)
        assert refused.value.details["required"] == []


@pytest.mark.parametrize(
    ("minted", "organization"),
    [
        ({"o": {"id": "org_2", "rol": "admin"}, "org_id": "org_1"}, "org_2"),
        ({"org_id": "org_1"}, "org_1"),
        ({"org_id": None}, None),
        ({"org_id": 5}, None),
        ({"org_id": "a\0b"}, None),
        ({"o": {}}, None),
        ({"o": {"id": ["org_1"]}}, None),
        ({"o": "org_1"}, None),
        ({"org_id": "o" * 256}, None),
    ],
)
async def test_the_organisation(
    clerk: FakeClerk, clock: Clock, minted: dict[str, Any], organization: str | None
) -> None:
    claims = await verifier_of(clerk, clock).verify(clerk.mint(at=NOW, **minted))
    assert claims.organization_id == organization


async def test_impersonation_shows(clerk: FakeClerk, clock: Clock) -> None:
    act = {"iss": "https://dashboard.clerk.com", "sid": "sess_1", "sub": "user_boss"}
    claims = await verifier_of(clerk, clock).verify(clerk.mint(at=NOW, act=act))
    assert claims.impersonator == "user_boss"
    claims = await verifier_of(clerk, clock).verify(clerk.mint(at=NOW, act=None))
    assert claims.impersonator is None


@pytest.mark.parametrize(
    ("minted", "required", "expected"),
    [
        ({"azp": "https://app.example.com"}, False, "accepted"),
        ({"azp": "https://evil.example"}, False, "invalid"),
        ({"azp": "https://app.example.com.evil.example"}, False, "invalid"),
        ({"azp": None}, False, "invalid"),
        ({"without": ("azp",)}, False, "accepted"),
        ({"without": ("azp",)}, True, "invalid"),
        ({"azp": "https://app.example.com"}, True, "accepted"),
    ],
)
async def test_the_authorized_party(
    clerk: FakeClerk, clock: Clock, minted: dict[str, Any], required: bool, expected: str
) -> None:
    parties = ("https://app.example.com", "https://admin.example.com")
    verifier = verifier_of(clerk, clock, authorized_parties=parties, require_azp=required)
    assert await reason(verifier, clerk.mint(at=NOW, **minted)) == expected


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ("akako", "accepted"),
        (["other", "akako"], "accepted"),
        ("other", "invalid"),
        (["other"], "invalid"),
        ([], "invalid"),
        ("akako-2", "invalid"),
        ([["akako"], 5, None], "invalid"),
        ({"akako": 1}, "invalid"),
        (None, "invalid"),
    ],
)
async def test_the_audience(
    clerk: FakeClerk, clock: Clock, audience: object, expected: str
) -> None:
    verifier = verifier_of(clerk, clock, audience="akako")
    assert await reason(verifier, clerk.mint(at=NOW, aud=audience)) == expected
    assert await reason(verifier, clerk.mint(at=NOW)) == "invalid"


async def test_a_verification_does_not_outlive_its_key(
    clerk: FakeClerk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_keys(monkeypatch)
    verifier = JwtVerifier(ISSUER, JwksKeySet(clerk.jwks_url, clock=clock))
    token = clerk.mint(at=NOW, ttl=3600)
    assert await reason(verifier, token) == "accepted"
    clerk.rotate(keep_old=False)
    clock.now += CACHE_SECONDS
    assert await reason(verifier, token) == "invalid"
    assert await reason(verifier, clerk.mint(at=clock.now)) == "accepted"
    await verifier.close()


async def test_known_keys_serve_while_clerk_is_away(
    clerk: FakeClerk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_keys(monkeypatch)
    verifier = JwtVerifier(ISSUER, JwksKeySet(clerk.jwks_url, clock=clock))
    assert await reason(verifier, clerk.mint(at=NOW)) == "accepted"
    clerk.fail("jwks", 503)
    for _ in range(3):
        clock.now += CACHE_SECONDS
        assert await reason(verifier, clerk.mint(at=clock.now)) == "accepted"
    with pytest.raises(ServiceUnavailable):
        await verifier.verify(clerk.mint(at=clock.now, kid="ins_new"))
    await verifier.close()


async def test_the_memory_of_verified_tokens_is_bounded(
    clerk: FakeClerk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_verifier, "MAX_REMEMBERED", 5)
    verifier = verifier_of(clerk, clock)
    tokens = [clerk.mint(f"user_{number}", at=NOW) for number in range(8)]
    found = await asyncio.gather(*(verifier.verify(token) for token in [*tokens, *tokens]))
    assert [claims.subject for claims in found] == [f"user_{number}" for number in range(8)] * 2
    assert isinstance(verifier, JwtVerifier)
    assert len(verifier._verified) == 5
