"""The log tells what happened by ids alone; a crash is found by its request id."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import StartServer
from tests.http import raw
from tests.http.refusals import details_of
from tests.parts.log_secrets import secrets_in
from tests.parts.server import Server


@pytest.fixture
def api(start_server: StartServer) -> Server:
    return start_server({"AKAKO_LOG_LEVEL": "debug"})


def log_lines(api: Server, event: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in api.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def test_the_log_holds_nothing_secret_or_personal(api: Server) -> None:
    secrets = {
        api.token("learner"),
        api.token("admin"),
        "sk_secret_in_query",
        "test@example.com",
        "person@else.example",
        "Quartey",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2ln",
        "key-of-mine",
    }
    body = {"userId": "user_123", "email": "test@example.com"}
    api.post("/api/auth/sync", json=body)
    api.post("/api/auth/sync", json={**body, "email": "person@else.example"})
    api.put("/api/auth/profile", as_="learner", json={"lastName": "Quartey"})
    api.get("/api/users?search=person@else.example", as_="admin")
    api.get("/api/auth/profile?token=sk_secret_in_query", as_="learner")
    forged = "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2ln"
    api.get("/api/auth/profile", headers={"Authorization": forged})
    level = {"name": "Quartey"}
    key = {"Idempotency-Key": "key-of-mine"}
    api.post("/api/admin/education/levels", as_="admin", json=level, headers=key)
    # PostgreSQL quotes the whole row when an unforeseen rule refuses it.
    rule = "alter table users add constraint no_names check (first_name is distinct from 'Break')"
    api.execute(rule)
    crash = api.put("/api/auth/profile", as_="learner", json={"firstName": "Break"})
    details_of(crash, 500, "INTERNAL_ERROR")
    assert len(log_lines(api, "request")) >= 8
    assert log_lines(api, "request_crashed")
    assert [secret for secret in secrets if secret in api.log()] == []
    assert not re.search(r"[\w.]+@[\w]+\.\w", api.log())


def test_a_crash_tells_its_request_id_and_nothing_else(api: Server) -> None:
    api.execute("alter table education_levels rename to elsewhere")
    answer = api.get("/api/education/levels", headers={"X-Request-Id": "crash-1"})
    assert details_of(answer, 500, "INTERNAL_ERROR") == {"requestId": "crash-1"}
    assert answer.json()["error"] == "Internal server error"
    assert answer.headers["x-request-id"] == "crash-1"
    (crash,) = log_lines(api, "request_crashed")
    assert crash["request_id"] == "crash-1"
    assert "UndefinedTableError" in str(crash["exception"])
    api.execute("alter table elsewhere rename to education_levels")
    assert api.get("/api/education/levels").status_code == 200


def test_callers_cannot_write_lines_of_their_own(api: Server) -> None:
    before = len(api.log().splitlines())
    evil = '\x1b[31m%0d%0a{"event":"forged"}'
    for target in ("/api/%0d%0aforged", "/api/users/%1b[31m", f"/api/{evil[5:]}"):
        raw.send(api, raw.head(target, "User-Agent: forged", "X-Request-Id: forged\x1b"))
    lines = api.log().splitlines()[before:]
    assert all(line.startswith("{") for line in lines)
    assert "forged" not in "".join(lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "x", "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2ln"}',
        "Authorization: Bearer abcdefgh12345678",
        "key sk_test_abc",
        "secret whsec_c2VjcmV0",
        "connecting to postgresql://akako:hidden@127.0.0.1:5432/akako",
        "redis://:hidden@cache:6379",
        "Key (email)=(ama@example.com) already exists.",
        "-----BEGIN RSA PRIVATE" + " KEY-----",
    ],
)
def test_a_secret_in_a_log_is_seen(line: str) -> None:
    """Every server that any test starts is searched for these when it stops."""
    assert len(secrets_in(f"first\n{line}\nlast")) == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"request_id": "9f2", "route": "/api/users/{user_id}", "status": 200, "event": "request"}',
        "connection failed: connection to server at 127.0.0.1, port 5432 failed",
        "Akako LMS is running at http://127.0.0.1:8000",
    ],
)
def test_an_ordinary_line_is_no_secret(line: str) -> None:
    assert secrets_in(line) == []
