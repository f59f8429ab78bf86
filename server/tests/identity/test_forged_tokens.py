"""Forged tokens get one response for every defect, and cause no request to Clerk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from akako.dev.fake_clerk import FakeClerk, jwk, new_key
from tests.http.refusals import details_of
from tests.identity.clerk import PROFILE, bearer
from tests.parts.server import Server

ATTACKER = new_key()
WHO = "user_forged"


@pytest.fixture(autouse=True)
def known(clerk: FakeClerk, with_clerk: Server) -> None:
    """The keys are read, and the owner of the tokens has an account."""
    clerk.put_user(WHO, f"{WHO}@example.com")
    assert with_clerk.get(PROFILE, headers=bearer(clerk, WHO)).status_code == 200


def refused(api: Server, token: str) -> httpx2.Response:
    return api.get(PROFILE, headers={"Authorization": f"Bearer {token}"})


def test_every_forgery_gets_the_same_body(clerk: FakeClerk, with_clerk: Server) -> None:
    forgeries: list[dict[str, Any]] = [
        {"key": ATTACKER},
        {"key": ATTACKER, "kid": "ins_unknown"},
        {"iss": "https://clerk.example.org"},
        {"header": {"alg": "none"}},
        {"header": {"typ": "at+jwt"}},
        {"client_id": "c", "scope": "profile"},
        {"sub": "mch_123"},
        {"sub": "org_123"},
        {"without": ("exp",)},
        {"key": ATTACKER, "at": time.time() - 3600},
    ]
    bodies = {refused(with_clerk, clerk.mint(**{"sub": WHO, **each})).text for each in forgeries}
    assert len(bodies) == 1
    expired = refused(with_clerk, clerk.mint(WHO, at=time.time() - 3600))
    assert details_of(expired, 401, "UNAUTHORIZED") == {"reason": "expired"}
    answer = refused(with_clerk, clerk.mint(WHO, key=ATTACKER))
    assert details_of(answer, 401, "UNAUTHORIZED") == {"reason": "invalid"}
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


def other_kinds(token: str) -> Iterator[str]:
    yield from (f"{prefix}_2abcDEF" for prefix in ("ak", "oat", "m2m", "mt", "sk_test"))
    yield from (f"{prefix}_{token}" for prefix in ("ak", "oat", "m2m", "mt"))


def test_other_kinds_of_tokens_are_refused_without_asking_clerk(
    clerk: FakeClerk, with_clerk: Server
) -> None:
    before = clerk.count()
    for token in other_kinds(clerk.mint(WHO)):
        details_of(refused(with_clerk, token), 401, "UNAUTHORIZED")
    assert clerk.count() == before


def test_no_address_in_a_header_is_ever_called(clerk: FakeClerk, with_clerk: Server) -> None:
    with FakeClerk().running() as evil:
        evil.keys = {"evil": ATTACKER}
        for header in (
            {"jku": evil.jwks_url, "kid": "evil"},
            {"x5u": f"{evil.url}/cert.pem"},
            {"jwk": jwk(ATTACKER, "evil")},
            {"kid": evil.jwks_url},
        ):
            token = clerk.mint(WHO, key=ATTACKER, header=header)
            details_of(refused(with_clerk, token), 401, "UNAUTHORIZED")
        assert evil.count() == 0


@pytest.mark.parametrize("size", [8 * 1024 + 1, 31 * 1024, 200 * 1024])
def test_an_endless_token_is_refused_unread(
    clerk: FakeClerk, with_clerk: Server, size: int
) -> None:
    token = clerk.mint(WHO)
    answer = refused(with_clerk, token + "A" * (size - len(token)))
    assert answer.status_code in {401, 431}
    assert answer.json()["success"] is False


@pytest.mark.parametrize("minted", [{"without": ("sid", "v")}, {"aud": "convex"}, {"v": 1}])
def test_tokens_of_templates_and_of_version_1_are_good(
    clerk: FakeClerk, with_clerk: Server, minted: dict[str, Any]
) -> None:
    token = clerk.mint(WHO, header={"oiat": 1}, **minted)
    assert refused(with_clerk, token).status_code == 200
