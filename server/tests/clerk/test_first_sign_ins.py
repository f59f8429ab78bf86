"""A whole school signs in for the first time; concurrent look-ups of a user are one request."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from akako.dev.fake_clerk import FakeClerk
from tests.parts.server import Server

SERVER = Path(__file__).parents[2]
PUPILS, CLERK_SECONDS = 300, 0.15


def sign_in(server: Server, tokens: list[str], *, seconds: float) -> dict[str, int]:
    """Run the pupils in a process of their own; return how many responses had which status."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.clerk.pupils", server.url, str(seconds)],
        cwd=SERVER,
        input="\n".join(tokens),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    statuses: dict[str, int] = json.loads(done.stdout)
    return statuses


def test_300_first_sign_ins_within_a_second_are_served(server: Server, clerk: FakeClerk) -> None:
    names = [f"user_pupil{number}" for number in range(PUPILS)]
    for name in names:
        clerk.put_user(name, username=name)
    clerk.fail("user", delay=CLERK_SECONDS)
    tokens = [clerk.mint(name, ttl=600) for name in names]
    assert sign_in(server, tokens, seconds=1.0) == {"200": PUPILS}
    assert clerk.count("/v1/users/") == PUPILS
    with server.db() as db:
        assert db.execute("select count(*) from users").fetchone() == (PUPILS,)


def test_one_pupil_with_many_devices_is_looked_up_once(server: Server, clerk: FakeClerk) -> None:
    """All requests are sent at the same time, and arrive while the first look-up lasts.

    Clerk answers well within the 2.5 seconds that the server allows.
    """
    clerk.put_user("user_devices", "devices@example.com")
    clerk.fail("user", delay=0.5)
    tokens = [clerk.mint("user_devices", ttl=600, sid=f"sess_{number}") for number in range(10)]
    assert sign_in(server, tokens, seconds=0) == {"200": 10}
    assert clerk.count("/v1/users/") == 1
