"""A server that is killed while it delivers loses no event, and bad receivers delay no other."""

from __future__ import annotations

import os

import pytest

from tests.conftest import StartServer
from tests.faults.webhook_trial import Trial

EVENTS = int(os.environ.get("WEBHOOK_EVENTS", "200"))
KILLS = int(os.environ.get("WEBHOOK_KILLS", "2"))
SLOW = float(os.environ.get("WEBHOOK_SLOW", "0.05"))


@pytest.mark.timeout(max(120, EVENTS))
def test_nothing_is_lost_when_the_server_is_killed(start_server: StartServer) -> None:
    figures = Trial(start_server(), events=EVENTS, kills=KILLS, slow=SLOW, rate=100).run()
    print(figures)
    assert set(figures.missing.values()) == {0}, figures
    assert figures.left["dead"] == EVENTS
    assert figures.median_delay < 2
    # A killed server repeats at most what was in flight.
    for name in ("healthy", "healthy too"):
        assert figures.duplicates[name] <= 5 * KILLS
