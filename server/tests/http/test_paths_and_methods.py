"""Only what is documented is served; everything else is refused in the same envelope."""

from __future__ import annotations

import pytest

from tests.http import raw
from tests.http.refusals import details_of
from tests.parts.server import Server

LEVELS = "/api/education/levels"
READ = ["GET", "HEAD", "OPTIONS"]
UNDESCRIBED = [
    "TRACE",
    "PATCH",
    "PURGE",
    "PROPFIND",
    "LOCK",
    "MKCOL",
    "SEARCH",
    "LINK",
    "SUBSCRIBE",
]


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/levels",
        "/education/levels",
        "/api/nowhere",
        f"{LEVELS}/",
        f"{LEVELS}//",
        "//api/education/levels",
        "/api//education/levels",
        "/api/education//levels",
        "/api/Education/levels",
        "/API/education/levels",
        "/api/./education/levels",
        "/api/education/../education/levels",
        "/api/education%2Flevels/",
        "/api/education/levels%2F",
        "/api/education/levels%00",
        "/api/education/levels%0a",
        "/api/education/levels%20",
        "/api/education/levels;x=1",
        "/api/education/levels.json",
        "/api/education/%FF",
        "/api/%",
        "/api/%zz",
        "/api/education/levels%",
        "/api/education\\levels",
        "/.env",
        "/api/../../etc/passwd",
        "/api/%2e%2e/%2e%2e/etc/passwd",
        "/docs/../health/live",
        "/health",
    ],
)
def test_any_other_path_is_404(api: Server, path: str) -> None:
    answer = raw.send(api, raw.head(path))
    assert details_of(answer, 404, "NOT_FOUND") == {}
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers
    for method in ("POST", "PUT", "DELETE"):
        details_of(raw.send(api, raw.head(path, method=method), method=method), 404, "NOT_FOUND")


def test_a_path_may_be_percent_encoded(api: Server) -> None:
    assert raw.send(api, raw.head("/api/%65ducation/levels")).status_code == 200


@pytest.mark.parametrize(
    "id_", ["%00", "a%00b", "%FF", "%zz", "%", "a b", "a'b", "ä", "x" * 65, "~"]
)
def test_an_impossible_id_is_answered_like_an_unknown_one(api: Server, id_: str) -> None:
    unknown = api.get("/api/users/0199f3c2a7b47c1e8d5a6b7c8d9e0f10", as_="admin")
    assert details_of(unknown, 404, "NOT_FOUND")["resource"] == "user"
    token = f"Authorization: Bearer {api.token('admin')}"
    target = f"/api/users/{id_}".replace(" ", "%20").replace("ä", "%C3%A4")
    answer = raw.send(api, raw.head(target, token))
    details = details_of(answer, 404, "NOT_FOUND")
    assert details.get("resource", "user") == "user"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (LEVELS, READ),
        ("/api/auth/sync", ["OPTIONS", "POST"]),
        ("/api/auth/profile", ["GET", "HEAD", "OPTIONS", "PUT"]),
        ("/api/users/any", ["GET", "HEAD", "OPTIONS", "PUT"]),
        ("/api/users/any/roles", ["DELETE", "OPTIONS", "POST"]),
        ("/health/live", READ),
    ],
)
def test_another_method_is_405_and_lists_the_allowed_ones(
    api: Server, path: str, allowed: list[str]
) -> None:
    described = {"GET", "POST", "PUT", "DELETE", *UNDESCRIBED}
    for method in sorted(described - set(allowed)):
        answer = api.request(method, path)
        assert details_of(answer, 405, "METHOD_NOT_ALLOWED") == {"allowed": allowed}
        assert answer.headers["allow"] == ", ".join(allowed)


@pytest.mark.parametrize("method", ["FOO", "get", "Get", "A", "X-" + "y" * 62, "A!#$%&'*+.^_`|~-1"])
def test_an_unknown_method_is_405(api: Server, method: str) -> None:
    answer = raw.send(api, raw.head(LEVELS, method=method))
    assert details_of(answer, 405, "METHOD_NOT_ALLOWED") == {"allowed": READ}
    assert answer.headers["allow"] == ", ".join(READ)
    assert "x-ratelimit-limit" in answer.headers
    details_of(raw.send(api, raw.head("/nowhere", method=method)), 404, "NOT_FOUND")


def test_the_body_of_an_unknown_method_is_not_the_next_request(api: Server) -> None:
    inner = raw.head("/health/ready")
    with raw.connection(api) as connected:
        connected.send(raw.head(LEVELS, f"Content-Length: {len(inner)}", method="FOO") + inner[:9])
        assert connected.receive().status_code == 405
        connected.send(inner[9:])
        connected.send(raw.head("/health/live"))
        assert connected.receive().json()["data"] == {"status": "live"}


@pytest.mark.parametrize("method", ["", "F(O", "F\xd6O", "FOO FOO", "x" * 65])
def test_what_is_no_method_is_400(api: Server, method: str) -> None:
    details_of(raw.send(api, raw.head(LEVELS, method=method)), 400, "BAD_REQUEST")


def test_trace_repeats_nothing(api: Server) -> None:
    answer = api.request("TRACE", LEVELS, headers={"X-Secret-Header": "secret-value"})
    details_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        (LEVELS, None, 200),
        (f"{LEVELS}?limit=0", None, 422),
        (f"{LEVELS}/unknown/grades", None, 404),
        ("/api/nowhere", None, 404),
        ("/api/auth/profile", None, 401),
        ("/api/auth/profile", "learner", 200),
        ("/api/users", "admin", 200),
        ("/api/users", "learner", 403),
        ("/health/ready", None, 200),
        ("/openapi.json", None, 200),
    ],
)
def test_head_answers_with_the_headers_of_get(
    api: Server, path: str, who: str | None, status: int
) -> None:
    per_request = {"date", "x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}
    per_request |= {"x-quota-remaining"}
    whole, bare = api.get(path, as_=who), api.request("HEAD", path, as_=who)
    assert whole.status_code == bare.status_code == status
    assert bare.content == b""
    assert {k: v for k, v in whole.headers.items() if k not in per_request} == {
        k: v for k, v in bare.headers.items() if k not in per_request
    }
    assert int(bare.headers["content-length"]) == len(whole.content)


def test_nothing_follows_the_answer_to_head(api: Server) -> None:
    with raw.connection(api) as connected:
        connected.send(raw.head(LEVELS, method="HEAD") + raw.head("/health/live"))
        assert connected.receive(method="HEAD").status_code == 200
        assert connected.receive().json()["data"] == {"status": "live"}


@pytest.mark.parametrize("query", ["q=%00", "search=a%00b", "%00=1", "search=%07"])
def test_control_characters_in_a_query_are_422(api: Server, query: str) -> None:
    details_of(api.get(f"/api/users?{query}", as_="admin"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["search=%FF", "search=%C3%28", "search=%ED%A0%80"])
def test_a_query_that_is_not_utf_8_is_400(api: Server, query: str) -> None:
    details = details_of(api.get(f"/api/users?{query}", as_="admin"), 400, "BAD_REQUEST")
    assert details["reason"] == "invalid_encoding"


@pytest.mark.parametrize("query", ["search=100%", "search=%zz", "search=%", "?", "&&", "=&="])
def test_a_stray_percent_sign_is_itself(api: Server, query: str) -> None:
    target = f"/api/users?{query}"
    answer = raw.send(api, raw.head(target, f"Authorization: Bearer {api.token('admin')}"))
    assert answer.status_code == (422 if query == "=&=" else 200), answer.text
