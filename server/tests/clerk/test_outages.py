"""Clerk away, slow or talking nonsense: who is known keeps working, and nothing hangs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clerk.conftest import ProfileOf
from tests.parts.fake_clerk import FakeClerk
from tests.parts.server import Server

# Every outbound call ends after five seconds; the rest is for a loaded machine.
PATIENCE = 20.0

MISBEHAVIOUR = [
    ({"status": 500}, 503),
    ({"status": 429, "headers": {"Retry-After": "7"}}, 503),
    ({"status": 401}, 503),
    ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, 502),
    ({"body": "<html>maintenance</html>"}, 502),
    ({"body": '{"id": "user_other"}'}, 502),
    ({"delay": 60.0}, 503),
]


@pytest.mark.parametrize(("failure", "status"), MISBEHAVIOUR)
def test_known_people_keep_working_and_new_ones_wait(
    server: Server,
    clerk: FakeClerk,
    profile: ProfileOf,
    failure: dict[str, object],
    status: int,
) -> None:
    clerk.put_user("user_known", "known@example.com")
    clerk.put_user("user_new", "new@example.com")
    assert profile("user_known").status_code == 200
    clerk.fail("user", **failure)  # type: ignore[arg-type]
    clerk.fail("jwks", **failure)  # type: ignore[arg-type]
    started = time.monotonic()
    refused = profile("user_new")
    assert time.monotonic() - started < PATIENCE
    assert refused.status_code in {status, 503}
    assert refused.json()["success"] is False
    if refused.status_code == 503:
        assert int(refused.headers["retry-after"]) >= 1
    assert "html" not in refused.text
    assert profile("user_known").status_code == 200
    clerk.heal()
    deadline = time.monotonic() + 60
    while (again := profile("user_new")).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert again.status_code == 200
    assert again.json()["data"]["email"] == "new@example.com"


def test_cold_keys_with_clerk_away_are_503_and_come_back(
    clerk: FakeClerk, profile: ProfileOf
) -> None:
    clerk.put_user("user_1", "one@example.com")
    clerk.fail("jwks", 503)
    refused = profile("user_1")
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    clerk.heal()
    deadline = time.monotonic() + 60
    while profile("user_1").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert profile("user_1").status_code == 200


def test_keys_rotate_without_a_restart(clerk: FakeClerk, profile: ProfileOf) -> None:
    clerk.put_user("user_1", "one@example.com")
    old = clerk.mint("user_1", ttl=3600)
    assert profile("user_1", old).status_code == 200
    fetched = clerk.count("/.well-known/jwks.json")
    clerk.rotate()
    assert profile("user_1").status_code == 200
    assert clerk.count("/.well-known/jwks.json") == fetched + 1
    assert profile("user_1", old).status_code == 200


def test_the_server_starts_and_reads_without_clerk(server: Server, clerk: FakeClerk) -> None:
    clerk.fail("jwks", 500)
    assert server.get("/api/education/levels").status_code == 200
    assert server.get("/health/ready").status_code == 200


def test_people_are_made_once_when_everything_arrives_together(
    server: Server, clerk: FakeClerk
) -> None:
    clerk.put_user("user_rush", "rush@example.com")
    headers = {"Authorization": f"Bearer {clerk.mint('user_rush')}"}

    def call(number: int) -> int:
        if number % 2:
            return server.post("/api/auth/sync", json={"userId": "user_rush"}).status_code
        return server.get("/api/auth/profile", headers=headers).status_code

    with ThreadPoolExecutor(10) as threads:
        statuses = set(threads.map(call, range(20)))
    assert statuses <= {200, 201}
    with server.db() as db:
        rows = db.execute("select count(*) from users where clerk_id = 'user_rush'").fetchone()
        windows = db.execute("select count(*) from user_roles").fetchone()
    assert (rows, windows) == ((1,), (1,))
