"""Metrics of waiting for a database connection."""

from __future__ import annotations

from prometheus_client import Counter

from akako.kernel.telemetry.metrics import REGISTRY

NOTICEABLE_SECONDS = 0.005  # shorter waits for a connection are not counted

POOL_WAITS = Counter(
    "akako_database_waits", "Reads and writes that waited for a connection", registry=REGISTRY
)
POOL_WAIT_SECONDS = Counter(
    "akako_database_wait_seconds", "Total time of these waits", registry=REGISTRY
)
POOL_REFUSALS = Counter(
    "akako_database_refusals", "Reads and writes that got no connection", registry=REGISTRY
)


def record_wait(seconds: float) -> None:
    """Count a wait for a database connection, unless it is too short to notice."""
    if seconds < NOTICEABLE_SECONDS:
        return
    POOL_WAITS.inc()
    POOL_WAIT_SECONDS.inc(seconds)
