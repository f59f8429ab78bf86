"""`POST /session/token`: short-lived tokens for the scripts of the pages."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import httpx2
import jwt
import pytest

from tests.conftest import StartServer
from tests.parts.server import Server
from tests.web.visitor import Visitor, signed_in


def mint(visitor: Visitor) -> httpx2.Response:
    return visitor.client.post("/session/token", headers={"Origin": visitor.api.url})


def token_of(visitor: Visitor) -> str:
    response = mint(visitor)
    assert response.status_code == 200, response.text
    return str(response.json()["token"])


def profile(api: Server, token: str) -> httpx2.Response:
    return httpx2.get(
        f"{api.url}/api/auth/profile", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )


def test_the_token_acts_for_the_user_and_lasts_five_minutes(api: Server) -> None:
    visitor = signed_in(api, "learner")
    response = mint(visitor)
    assert response.headers["cache-control"] == "no-store"
    assert set(response.json()) == {"token", "expiresAt"}
    token = response.json()["token"]
    header, claims = jwt.get_unverified_header(token), unverified(token)
    assert header["alg"] == "RS256"
    assert (claims["azp"], claims["sub"]) == (api.url, "user_123")
    assert claims["exp"] - claims["iat"] == 300
    expires = datetime.fromisoformat(response.json()["expiresAt"]).timestamp()
    assert abs(expires - time.time() - 300) < 30
    assert profile(api, token).json()["data"]["clerkId"] == "user_123"


def unverified(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_its_requests_are_not_metered(api: Server) -> None:
    visitor = signed_in(api, api.user("unmetered"))
    assert "x-quota-remaining" not in profile(api, token_of(visitor)).headers or used(visitor) == 0


def used(visitor: Visitor) -> int:
    headers = {"Authorization": f"Bearer {token_of(visitor)}"}
    found = visitor.client.get("/api/auth/quota", headers=headers)
    assert found.status_code == 200, found.text
    return int(found.json()["data"]["apiCalls"]["used"])


def test_without_a_session_or_from_another_site_there_is_none(api: Server) -> None:
    assert mint(Visitor(api)).status_code == 401
    visitor = signed_in(api, "learner")
    crossed = visitor.client.post("/session/token", headers={"Origin": "https://evil.example"})
    assert crossed.status_code == 403
    assert crossed.json()["code"] == "FORBIDDEN"


def test_signing_out_refuses_its_tokens(api: Server) -> None:
    visitor = signed_in(api, "learner")
    token = token_of(visitor)
    assert profile(api, token).status_code == 200
    visitor.submit("/sign-out")
    assert profile(api, token).status_code == 401


def test_deactivating_the_user_refuses_their_tokens_for_good(api: Server) -> None:
    clerk_id = api.user("revoked")
    token = token_of(signed_in(api, clerk_id))
    user = f"/api/users/{api.user_id(clerk_id)}"
    api.put(user, as_="admin", json={"status": "INACTIVE"})
    assert profile(api, token).status_code in {401, 403}
    api.put(user, as_="admin", json={"status": "ACTIVE"})
    assert profile(api, token).status_code == 401


@pytest.mark.parametrize("change", ["signature", "none", "kid", "issuer"])
def test_forged_tokens_are_refused(api: Server, change: str) -> None:
    token = token_of(signed_in(api, "learner"))
    head, body, signature = token.split(".")
    claims = unverified(token)
    forged = {
        "signature": f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        "none": jwt.encode(claims, "", algorithm="none"),
        "kid": jwt.encode(claims, "s" * 32, algorithm="HS256", headers={"kid": "web_0"}),
        # A token of the development issuer does not pass as one of the pages.
        "issuer": api.token("learner", iss=claims["iss"]),
    }[change]
    assert profile(api, forged).status_code == 401


def test_servers_on_one_database_share_the_keys(api: Server, start_server: StartServer) -> None:
    other = start_server({}, database_url=api.database_url, folder=api.folder)
    token = token_of(signed_in(api, "learner"))
    assert profile(other, token).status_code == 200
