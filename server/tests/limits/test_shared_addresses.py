"""An address that many signed-in users share is reported while the limit rejects them."""

from __future__ import annotations

import json

import pytest
import structlog

from akako.ops.shared_addresses import MAX_ADDRESSES, MAX_CHECKS, SharedAddresses
from tests.conftest import StartServer
from tests.parts.server import Server

EVENT = "rate_limit_of_shared_address"


def warnings(server: Server) -> list[dict[str, object]]:
    return [json.loads(line) for line in server.log().splitlines() if EVENT in line]


def reject(server: Server, users: list[str]) -> list[int]:
    return [server.get("/api/education/levels", as_=user).status_code for user in users]


def test_the_log_names_the_address_and_the_setting_once(start_server: StartServer) -> None:
    server = start_server()
    users = [server.user(f"pupil{number}") for number in range(6)]
    server.stop()
    server.environment["AKAKO_RATE_LIMIT_GENERAL"] = "1/600"
    server.start()
    assert reject(server, ["admin", *users[:4], *users[:4]]) == [200, *[429] * 8]
    # Neither few users nor forged tokens are reported.
    for number in range(9):
        headers = {"Authorization": f"Bearer forged{number}"}
        assert server.get("/api/education/levels", headers=headers).status_code == 429
    assert warnings(server) == []
    reject(server, users)
    reject(server, users)
    (warning,) = warnings(server)
    assert warning["address"] == "127.0.0.1"
    assert warning["setting"] == "AKAKO_SHARED_NETWORKS"
    assert warning["users"] == 5


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def visit(monitor: SharedAddresses, address: str, users: int) -> int:
    """Reject so many users; return the number of warnings."""
    with structlog.testing.capture_logs() as logs:
        for user in range(users):
            if monitor.wants(address):
                monitor.add(address, f"user_{user}")
    return len(logs)


def test_a_warning_is_repeated_after_an_hour(clock: Clock) -> None:
    monitor = SharedAddresses(clock)
    assert visit(monitor, "192.0.2.1", 9) == 1
    clock.now = 3599
    assert visit(monitor, "192.0.2.1", 9) == 0
    assert visit(monitor, "192.0.2.2", 9) == 1
    clock.now = 3600
    assert visit(monitor, "192.0.2.1", 9) == 1


def test_users_of_different_windows_are_not_added_up(clock: Clock) -> None:
    monitor = SharedAddresses(clock)
    for window in range(5):
        clock.now = window * 600
        monitor.wants("192.0.2.1")
        monitor.add("192.0.2.1", f"user_{window}")
    assert visit(monitor, "192.0.2.1", 3) == 0


def test_memory_and_verified_tokens_are_bounded(clock: Clock) -> None:
    monitor = SharedAddresses(clock)
    assert sum(monitor.wants("192.0.2.1") for _ in range(1000)) == MAX_CHECKS
    for number in range(MAX_ADDRESSES * 2):
        monitor.wants(f"2001:db8:0:{number:x}::/64")
    assert len(monitor._windows) == MAX_ADDRESSES
