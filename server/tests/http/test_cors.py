"""Other origins may call if they are listed, exactly and without cookies."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.conftest import StartServer
from tests.parts.server import Server

LEVELS = "/api/education/levels"
APP, OTHER = "https://app.example.com", "http://localhost:3000"
STRANGERS = [
    "https://evil.example",
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com/",
    "HTTPS://APP.EXAMPLE.COM",
    "null",
    "*",
    "",
]


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server({"AKAKO_CORS_ORIGINS": f"{APP}, {OTHER}"})


def preflight(api: Server, path: str, origin: str, method: str = "GET") -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return api.request("OPTIONS", path, headers=headers)


def cors_headers(answer: httpx2.Response) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k.startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, OTHER])
@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (LEVELS, "GET, HEAD, OPTIONS"),
        ("/api/auth/profile", "GET, HEAD, OPTIONS, PUT"),
        ("/api/users/any/roles", "DELETE, OPTIONS, POST"),
    ],
)
def test_a_preflight_needs_no_token_and_lists_the_methods(
    api: Server, path: str, methods: str, origin: str
) -> None:
    answer = preflight(api, path, origin)
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    allowed = cors_headers(answer)
    assert allowed["access-control-allow-origin"] == origin
    assert allowed["access-control-allow-methods"] == methods
    asked = allowed["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-match", "range"} <= set(asked)
    assert "access-control-allow-credentials" not in allowed
    assert "x-ratelimit-limit" not in answer.headers


@pytest.mark.parametrize("origin", STRANGERS)
def test_an_unknown_origin_gets_no_cors_headers(api: Server, origin: str) -> None:
    for answer in (preflight(api, LEVELS, origin), api.get(LEVELS, headers={"Origin": origin})):
        assert answer.status_code == 200
        assert cors_headers(answer) == {}
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("path", "status"),
    [(LEVELS, 200), ("/api/auth/profile", 401), (f"{LEVELS}?page=0", 422), ("/api/users", 401)],
)
def test_answers_and_refusals_may_be_read_by_the_origin(
    api: Server, path: str, status: int
) -> None:
    answer = api.get(path, headers={"Origin": APP})
    assert answer.status_code == status
    allowed = cors_headers(answer)
    assert allowed["access-control-allow-origin"] == APP
    exposed = set(allowed["access-control-expose-headers"].split(", "))
    assert {"X-RateLimit-Remaining", "X-Quota-Remaining", "Retry-After", "X-Request-Id"} <= exposed
    assert {"ETag", "Link", "Location", "Content-Range", "Content-Disposition"} <= exposed
    assert "access-control-allow-credentials" not in allowed


def test_scripts_may_read_every_documented_header(api: Server) -> None:
    """Scripts can read `Last-Modified` always. `Allow` and the challenge are in the body, too."""
    answer = api.get(LEVELS, headers={"Origin": APP})
    exposed = set(cors_headers(answer)["access-control-expose-headers"].split(", "))
    document = api.get("/openapi.json").json()
    documented = {
        name
        for item in document["paths"].values()
        for operation in item.values()
        for response in operation["responses"].values()
        for name in resolved(document, response).get("headers", {})
    }
    assert documented - exposed == {"Allow", "Last-Modified", "WWW-Authenticate"}


def resolved(document: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Return a response of the document, or the component that it refers to."""
    if "$ref" not in response:
        return response
    found: dict[str, Any] = document["components"]["responses"][response["$ref"].split("/")[-1]]
    return found


def allowed_headers(api: Server, path: str) -> set[str]:
    found = cors_headers(preflight(api, path, APP))["access-control-allow-headers"]
    return set(found.lower().split(", "))


def test_headers_of_tracing_libraries_and_tus_clients_are_allowed(
    start_server: StartServer,
) -> None:
    api = start_server(
        {"AKAKO_CORS_ORIGINS": APP, "AKAKO_CORS_HEADERS": "X-School, x-datadog-trace-id"}
    )
    tracing = {"traceparent", "tracestate", "baggage", "sentry-trace", "x-requested-with"}
    tus = {"tus-resumable", "upload-length", "upload-metadata", "upload-offset", "upload-checksum"}
    tus |= {"x-http-method-override", "upload-concat", "upload-defer-length"}
    for path in (LEVELS, "/api/uploads"):
        more = {"x-school", "x-datadog-trace-id"}
        assert tracing | tus | more <= allowed_headers(api, path)
    answer = api.get(LEVELS, headers={"Origin": APP})
    exposed = set(cors_headers(answer)["access-control-expose-headers"].split(", "))
    assert {"Accept-Ranges", "Upload-Offset", "Upload-Result", "Tus-Extension"} <= exposed


def test_an_unknown_path_tells_other_origins_nothing(api: Server) -> None:
    assert preflight(api, "/api/nowhere", APP).status_code == 404
    for answer in (
        preflight(api, "/api/nowhere", APP),
        api.get("/api/nowhere", headers={"Origin": APP}),
        api.get(f"{LEVELS}/", headers={"Origin": APP}),
    ):
        assert cors_headers(answer) == {}


def test_a_missing_thing_at_a_known_path_is_readable(api: Server) -> None:
    answer = api.get(f"{LEVELS}/unknown/grades", headers={"Origin": APP})
    assert answer.status_code == 404
    assert cors_headers(answer)["access-control-allow-origin"] == APP


def test_without_the_setting_no_origin_is_allowed(start_server: StartServer) -> None:
    api = start_server()
    for answer in (preflight(api, LEVELS, APP), api.get(LEVELS, headers={"Origin": APP})):
        assert answer.status_code == 200
        assert cors_headers(answer) == {}
