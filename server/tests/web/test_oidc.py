"""Sign in with OpenID Connect, against a real provider on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import StartServer
from tests.parts.server import Server
from tests.sdk.packages import once
from tests.web.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
    install,
)
from tests.web.visitor import Visitor

pytestmark = pytest.mark.timeout(300)  # the first test installs the provider

PUBLIC = "http://127.0.0.1:1"  # the address that the provider sends browsers to; not dialled


@pytest.fixture(scope="module")
def provider(shared: Path) -> Iterator[IdentityProvider]:
    folder = once(shared / "identity-provider", install)
    with identity_provider(folder, f"{PUBLIC}/auth/callback") as started:
        yield started


@pytest.fixture(scope="module")
def school(provider: IdentityProvider, start_server: StartServer) -> Server:
    return start_server(
        {
            "AKAKO_PUBLIC_URL": PUBLIC,
            "AKAKO_OIDC_ISSUER": provider.issuer,
            "AKAKO_OIDC_CLIENT_ID": CLIENT_ID,
            "AKAKO_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }
    )


def begin(visitor: Visitor, wanted: str = "/home") -> str:
    response = visitor.client.get("/auth/start", params={"next": wanted})
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


def callback(visitor: Visitor, address: str) -> tuple[int, str]:
    parts = urlsplit(address)
    response = visitor.get(f"{parts.path}?{parts.query}")
    return response.status_code, response.headers.get("location", "")


def test_a_person_signs_in_and_returns_to_the_wanted_page(
    school: Server, provider: IdentityProvider
) -> None:
    visitor = Visitor(school)
    page = visitor.get("/sign-in?next=/requests").text
    assert 'href="/auth/start?next=/requests"' in page
    address = begin(visitor, "/requests")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    back = provider.approve(address, "user_oidcAdjoa")
    assert callback(visitor, back) == (303, "/requests")
    assert "Adjoa" in visitor.get("/me").text
    # The account is the one that a bearer token with this subject names.
    with school.db() as db:
        rows = db.execute("select clerk_id from users where clerk_id = 'user_oidcAdjoa'").fetchall()
    assert len(rows) == 1


def test_what_was_typed_is_sent_after_signing_in_in_another_tab(
    school: Server, provider: IdentityProvider
) -> None:
    visitor = Visitor(school, **{"Sec-Fetch-Mode": "navigate"})
    text = {"motivation": "I teach <fractions>"}
    kept = visitor.post("/mentor/apply", **text)
    assert kept.status_code == 401
    assert '<a class="button" href="/sign-in" target="_blank">' in kept.text
    assert "unsent_person" not in kept.text  # no list of people
    address = begin(visitor)
    assert callback(visitor, provider.approve(address, "user_oidcEfua"))[0] == 303
    asked = visitor.post("/mentor/apply", **text)  # the page of before, without a form token
    assert asked.status_code == 403
    assert asked.headers["x-request-id"] in asked.text
    assert "You are signed in as Adjoa" in asked.text
    assert "I teach &lt;fractions&gt;</textarea>" in asked.text
    token = re.search(r'name="form_token" value="([^"]+)"', asked.text.split("<main")[1])
    assert token
    sent = visitor.post("/mentor/apply", form_token=token[1], **text)
    assert (sent.status_code, sent.headers["location"]) == (303, "/mentor/apply")


def test_a_sign_in_works_once(school: Server, provider: IdentityProvider) -> None:
    visitor = Visitor(school)
    back = provider.approve(begin(visitor), "user_once")
    assert callback(visitor, back)[0] == 303
    assert callback(visitor, back)[0] == 403


def test_another_browser_cannot_finish_a_sign_in(
    school: Server, provider: IdentityProvider
) -> None:
    attacker, victim = Visitor(school), Visitor(school)
    back = provider.approve(begin(attacker), "user_attacker")
    begin(victim)
    assert callback(victim, back)[0] == 403
    assert victim.get("/home").status_code == 303


def test_a_changed_state_is_refused(school: Server, provider: IdentityProvider) -> None:
    visitor = Visitor(school)
    back = provider.approve(begin(visitor), "user_changed")
    assert callback(visitor, back.replace("state=", "state=x"))[0] == 403


def test_a_code_of_another_sign_in_is_refused(school: Server, provider: IdentityProvider) -> None:
    first, second = Visitor(school), Visitor(school)
    code = parse_qs(urlsplit(provider.approve(begin(first), "user_first")).query)["code"][0]
    state = parse_qs(urlsplit(begin(second)).query)["state"][0]
    # PKCE: the verifier of the second sign-in does not fit the code of the first.
    assert callback(second, f"{PUBLIC}/auth/callback?code={code}&state={state}")[0] == 403


def test_a_wrong_nonce_is_refused(school: Server, provider: IdentityProvider) -> None:
    visitor = Visitor(school)
    back = provider.approve(begin(visitor), "user_nonce")
    school.execute("update web_sign_ins set nonce = 'another'")
    assert callback(visitor, back)[0] == 403


def test_a_cancelled_sign_in_is_explained(school: Server) -> None:
    visitor = Visitor(school)
    state = parse_qs(urlsplit(begin(visitor)).query)["state"][0]
    response = visitor.get(f"/auth/callback?error=access_denied&state={state}")
    assert response.status_code == 403
    assert "cancelled" in response.text
    assert "You could not be signed in" in response.text


def test_only_verified_addresses_count(school: Server, provider: IdentityProvider) -> None:
    for login, email in (("user_Unverified", None), ("user_Verified", "user_Verified@example.org")):
        visitor = Visitor(school)
        callback(visitor, provider.approve(begin(visitor), login))
        with school.db() as db:
            row = db.execute("select email from users where clerk_id = %s", (login,)).fetchone()
        assert row is not None
        assert (row[0] or "").lower() == (email or "").lower()


def test_the_development_list_is_off(school: Server) -> None:
    assert Visitor(school).post("/sign-in", PUBLIC, person="user_admin").status_code != 303


def test_other_tokens_of_the_provider_are_not_accepted_by_the_api(school: Server) -> None:
    assert school.get("/api/auth/profile").status_code == 401


def test_production_without_settings_says_what_is_missing(
    start_server: StartServer, provider: IdentityProvider
) -> None:
    started = start_server(
        {
            "AKAKO_ENV": "production",
            "AKAKO_CLERK_ISSUER": provider.issuer,
            "AKAKO_CLERK_WEBHOOK_SECRETS": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }
    )
    visitor = Visitor(started)
    page = visitor.get("/sign-in")
    assert page.status_code == 503
    assert "AKAKO_OIDC_CLIENT_ID" in page.text
    assert "AKAKO_PUBLIC_URL" in page.text
    assert visitor.post("/sign-in", person="user_admin").status_code in {404, 405}
    assert visitor.get("/developers/components").status_code == 404


def test_a_provider_that_is_gone_is_a_page(start_server: StartServer) -> None:
    started = start_server(
        {
            "AKAKO_PUBLIC_URL": PUBLIC,
            "AKAKO_OIDC_ISSUER": "http://127.0.0.1:9",
            "AKAKO_OIDC_CLIENT_ID": CLIENT_ID,
        }
    )
    response = Visitor(started).get("/auth/start")
    assert response.status_code == 503
    assert response.headers["x-request-id"] in response.text
