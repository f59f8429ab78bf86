"""A server that is killed while it delivers loses no event, and bad receivers delay no other."""

from __future__ import annotations

from tests.conftest import StartServer
from tests.faults.webhook_trial import Trial

KILLS = 2
EVENTS = 200


def test_nothing_is_lost_when_the_server_is_killed(start_server: StartServer) -> None:
    api = start_server()
    figures = Trial(api, events=EVENTS, kills=KILLS, slow=0.05, rate=100).run()
    assert set(figures.missing.values()) == {0}, figures
    assert figures.left == {"dead": EVENTS}
    assert figures.median_delay < 2
    # A killed server repeats at most what was in flight.
    for name in ("healthy", "healthy too"):
        assert figures.duplicates[name] <= 5 * KILLS
