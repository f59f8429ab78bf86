"""Any header gets a documented response, and the connection stays usable."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import StartServer
from tests.http import raw
from tests.http.refusals import KEYS
from tests.parts.server import Server

# Any bytes that a header line may hold, and texts that look like what is expected there.
CONTROLS = bytes({*range(32), 127} - {9})
NOISE = st.binary(max_size=60).map(
    lambda data: data.translate(None, CONTROLS).decode("latin-1").strip()
)
LIKE = st.text("bearBEAR ytes=,;:\"'W/*-0123456789.[]v_%\t\xe9", max_size=60).map(str.strip)
VALUES = NOISE | LIKE
NAMES = [
    "Authorization",
    "X-Forwarded-For",
    "Range",
    "If-Range",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "Idempotency-Key",
    "X-Request-Id",
    "Origin",
    "Accept",
    "Cookie",
    "svix-id",
    "svix-signature",
    "Upload-Metadata",
]


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    return start_server({"AKAKO_TRUSTED_PROXIES": "127.0.0.1"})


@given(name=st.sampled_from(NAMES), value=VALUES)
@example(name="Authorization", value="Bearer")
@example(name="Authorization", value="Bearer \xff")
def test_on_public_endpoints_a_bad_header_changes_nothing(
    api: Server, name: str, value: str
) -> None:
    answer = raw.send(api, raw.head("/api/education/levels", f"{name}: {value}"))
    assert answer.status_code in (200, 304), answer.text


@given(value=VALUES, scheme=st.sampled_from(["", "Bearer ", "bearer\t", "Basic ", "Bearer  "]))
def test_what_is_no_token_is_401(api: Server, value: str, scheme: str) -> None:
    line = f"Authorization: {scheme}{value}"
    answer = raw.send(api, raw.head("/api/auth/profile", line))
    assert answer.status_code == 401, answer.text
    assert list(answer.json()) == KEYS
    assert "bearer" in answer.headers["www-authenticate"].lower()


@given(names=st.lists(st.sampled_from(NAMES[1:]), max_size=5), value=VALUES)
def test_the_next_request_is_answered_as_ever(api: Server, names: list[str], value: str) -> None:
    token = f"Authorization: {api.headers('admin')['Authorization']}"
    lines = [f"{name}: {value}" for name in names]
    with raw.connection(api) as connected:
        connected.send(raw.head("/api/auth/profile", token, *lines))
        assert connected.receive().status_code in (200, 304)
        connected.send(raw.head("/api/auth/profile", token))
        assert connected.receive().json()["data"]["clerkId"] == "user_admin"
    assert '"request_crashed"' not in api.log()
