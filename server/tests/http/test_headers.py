"""Headers that every answer carries, and those that only some may."""

from __future__ import annotations

import re

import pytest

from tests.conftest import StartServer
from tests.http import raw
from tests.parts.server import Server

LEVELS = "/api/education/levels"
SEALED = "default-src 'none'; frame-ancestors 'none'"
EVERY_KIND = [
    ("GET", LEVELS, None, 200),
    ("GET", "/api/auth/profile", "learner", 200),
    ("GET", "/api/auth/profile", None, 401),
    ("GET", "/api/users", "learner", 403),
    ("GET", "/api/users/unknown", "admin", 404),
    ("GET", "/api/nowhere", None, 404),
    ("PATCH", LEVELS, None, 405),
    ("POST", "/api/admin/education/levels", None, 415),
    ("GET", f"{LEVELS}?page=0", None, 422),
]


@pytest.mark.parametrize(("method", "path", "who", "status"), EVERY_KIND)
def test_every_answer_is_sealed_traceable_and_counted(
    api: Server, method: str, path: str, who: str | None, status: int
) -> None:
    answer = api.request(method, path, as_=who)
    assert answer.status_code == status
    headers = answer.headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == SEALED
    assert headers["referrer-policy"] == "no-referrer"
    assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", headers["x-api-version"])
    assert all(headers[f"x-ratelimit-{name}"].isdigit() for name in ("limit", "remaining", "reset"))
    assert "Origin" in headers["vary"]
    assert "server" not in headers
    assert "set-cookie" not in headers
    assert "strict-transport-security" not in headers


def test_headers_are_said_once(api: Server) -> None:
    for method, path, who, _ in EVERY_KIND:
        names = [name for name, _ in api.request(method, path, as_=who).headers.multi_items()]
        assert len(names) - names.count("vary") == len(set(names)) - 1


def test_personal_responses_are_never_cached(api: Server) -> None:
    anonymous = api.get(LEVELS)
    assert anonymous.headers["cache-control"] == "public, max-age=30"
    assert anonymous.headers["etag"].startswith('W/"')
    assert anonymous.headers["vary"] == "Authorization, Origin"
    for path, who in (
        (LEVELS, "learner"),
        ("/api/auth/profile", "learner"),
        ("/api/users", "admin"),
    ):
        assert api.get(path, as_=who).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("given", ["a", "req-1", "A.b_c-9", "x" * 64])
def test_a_sensible_request_id_is_kept(api: Server, given: str) -> None:
    answer = api.get(LEVELS, headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", ["", " ", "x" * 65, "a b", "a\tb", "<script>", "a\x1b[31m", "é", "a;b"]
)
def test_any_other_request_id_is_replaced(api: Server, given: str) -> None:
    answer = raw.send(api, raw.head(LEVELS, f"X-Request-Id: {given}"))
    if answer.status_code == 200:
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    else:
        assert answer.status_code == 400


def test_quota_headers_are_sent_to_signed_in_callers(api: Server) -> None:
    learner = api.get("/api/auth/profile", as_="learner").headers
    assert learner["x-quota-limit"] == "1000"
    assert int(learner["x-quota-remaining"]) < 1000
    assert learner["x-quota-reset"].isdigit()
    admin = api.get("/api/auth/profile", as_="admin").headers
    assert admin["x-quota-limit"] == "unlimited"
    assert "x-quota-remaining" not in admin
    assert "x-quota-limit" not in api.get(LEVELS).headers


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*;q=0", "nonsense", ""])
def test_the_response_is_json_for_every_accept_header(api: Server, accept: str) -> None:
    answer = api.get(LEVELS, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_created_thing_has_an_address(api: Server) -> None:
    answer = api.post("/api/admin/education/levels", as_="admin", json={"name": "Located"})
    assert answer.status_code == 201
    assert answer.headers["location"].startswith("/api/")


def test_health_is_neither_limited_nor_kept(api: Server) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = api.get(path, headers={"Authorization": "Bearer nonsense"})
        assert answer.status_code == 200
        assert "x-ratelimit-limit" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


def test_production_asks_for_https_from_now_on(start_server: StartServer) -> None:
    api = start_server(
        {
            "AKAKO_ENV": "production",
            "AKAKO_CLERK_ISSUER": "https://clerk.example.com",
            "AKAKO_CLERK_WEBHOOK_SECRETS": "whsec_plJ3nmyCDGBKInavdOK15jsl",
        }
    )
    assert api.get(LEVELS).headers["strict-transport-security"].startswith("max-age=")
