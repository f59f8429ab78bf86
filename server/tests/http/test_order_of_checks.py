"""A caller who may not do something never learns what would be valid, or what exists."""

from __future__ import annotations

import httpx2
import pytest

from tests.conftest import StartServer
from tests.http.refusals import details_of
from tests.parts.server import CLIENT_SECONDS, GENEROUS, Server

ADMIN_POST = "/api/admin/education/levels"
BAD_BODIES: list[bytes] = [b"{", b"[]", b"{}", b'{"name":1}', b'{"x":1,"x":2}', b"\xff"]
JSON = {"Content-Type": "application/json"}


def post(api: Server, as_: str | None, content: bytes, **headers: str) -> httpx2.Response:
    return api.post(ADMIN_POST, as_=as_, content=content, headers={**JSON, **headers})


@pytest.mark.parametrize("body", BAD_BODIES)
def test_sign_in_comes_before_role_and_role_before_the_body(api: Server, body: bytes) -> None:
    assert details_of(post(api, None, body), 401, "UNAUTHORIZED") == {"reason": "missing"}
    forbidden = details_of(post(api, "learner", body), 403, "FORBIDDEN")
    assert forbidden == {"required": ["ADMIN"], "user_roles": ["LEARNER"]}
    assert post(api, "admin", body).status_code in (400, 422)


def test_the_declared_body_comes_before_the_token(api: Server) -> None:
    large = b" " * (64 * 1024 + 1)
    details = details_of(post(api, None, large), 413, "PAYLOAD_TOO_LARGE")
    assert details == {"limitBytes": 65536}
    wrong = api.post(ADMIN_POST, content=b"name=x", headers={"Content-Type": "text/plain"})
    details = details_of(wrong, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert details == {"received": "text/plain", "allowed": ["application/json"]}


def test_the_route_comes_before_everything(api: Server) -> None:
    answer = api.post("/api/nowhere", content=b"{", headers={"Content-Type": "text/plain"})
    details_of(answer, 404, "NOT_FOUND")
    details_of(api.request("PATCH", ADMIN_POST, content=b"{"), 405, "METHOD_NOT_ALLOWED")


def test_the_address_limit_comes_before_body_and_token(start_server: StartServer) -> None:
    api = start_server({**GENEROUS, "AKAKO_RATE_LIMIT_GENERAL": "1/60"})
    assert post(api, None, b"{}").status_code == 401
    limited = api.post(ADMIN_POST, content=b"x" * 70_000, headers={"Content-Type": "text/plain"})
    assert details_of(limited, 429, "RATE_LIMITED")["scope"] == "ip"


def test_validation_comes_before_existence(api: Server) -> None:
    for path in ("/api/users/unknown", "/api/users/~impossible~"):
        bad = api.put(path, as_="admin", json={"status": "WRONG"})
        assert details_of(bad, 422, "VALIDATION_ERROR")["field"] == "status"
        good = api.put(path, as_="admin", json={"status": "ACTIVE"})
        details_of(good, 404, "NOT_FOUND")
    role = api.post("/api/users/unknown/roles", as_="admin", json={"role": "KING"})
    details_of(role, 422, "VALIDATION_ERROR")


def test_existence_comes_before_preconditions_and_those_before_conflicts(api: Server) -> None:
    stale = {"If-Match": '"stale"'}
    body = {"status": "INACTIVE"}
    unknown = api.put("/api/users/unknown", as_="admin", json=body, headers=stale)
    details_of(unknown, 404, "NOT_FOUND")
    only_admin = f"/api/users/{api.user_id('admin')}"
    answer = api.put(only_admin, as_="admin", json=body, headers=stale)
    details_of(answer, 412, "PRECONDITION_FAILED")
    details_of(api.put(only_admin, as_="admin", json=body), 409, "LAST_ADMIN")


def test_a_malformed_idempotency_key_is_400_after_sign_in_and_before_the_body(api: Server) -> None:
    bad = {"Idempotency-Key": "a key"}
    details_of(post(api, None, b"{", **bad), 401, "UNAUTHORIZED")
    details_of(post(api, "learner", b"{", **bad), 403, "FORBIDDEN")
    details = details_of(post(api, "admin", b"{", **bad), 400, "BAD_REQUEST")
    assert details["reason"] == "invalid_idempotency_key"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Bearer", "malformed"),
        ("Basic dXNlcjpwYXNz", "malformed"),
        ("Bearer your_jwt_token", "malformed"),
        ("Bearer a.b.c", "malformed"),
        ("Bearer ak_1234567890", "malformed"),
        (f"Bearer {'a' * 9000}", "malformed"),
    ],
)
def test_what_is_no_token_is_401(api: Server, header: str, reason: str) -> None:
    answer = api.get("/api/auth/profile", headers={"Authorization": header})
    assert details_of(answer, 401, "UNAUTHORIZED") == {"reason": reason}
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_scheme_in_any_case_and_only_one_header(api: Server) -> None:
    token = api.token("learner")
    for scheme in ("bearer", "BEARER"):
        answer = api.get("/api/auth/profile", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 200
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    answer = httpx2.get(f"{api.url}/api/auth/profile", headers=twice, timeout=CLIENT_SECONDS)
    assert details_of(answer, 401, "UNAUTHORIZED") == {"reason": "malformed"}


def test_an_expired_token_is_reported_as_expired(api: Server) -> None:
    answer = api.get("/api/auth/profile", headers=_bearer(api.token("learner", exp=1_000_000_000)))
    assert details_of(answer, 401, "UNAUTHORIZED")["reason"] in ("expired", "invalid")
    expired = api.token("learner", iat=1_700_000_000, nbf=1_700_000_000, exp=1_700_000_060)
    answer = api.get("/api/auth/profile", headers=_bearer(expired))
    assert details_of(answer, 401, "UNAUTHORIZED") == {"reason": "expired"}


def test_an_invalid_token_is_no_token_where_reading_is_public(api: Server) -> None:
    for header in ("Bearer your_jwt_token", "Basic abc", f"Bearer {api.token('x', exp=1)}"):
        answer = api.get("/api/education/levels", headers={"Authorization": header})
        assert answer.status_code == 200
        assert "public" in answer.headers["cache-control"]


def test_a_cookie_is_no_token(api: Server) -> None:
    answer = api.get("/api/auth/profile", headers={"Cookie": f"__session={api.token('learner')}"})
    assert details_of(answer, 401, "UNAUTHORIZED") == {"reason": "missing"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
