"""Metrics in the Prometheus text format.

A metric of one room or backend is declared there, in REGISTRY. With several workers, each worker
stores its values in files that all workers read, so that a scrape of any worker covers the whole
server.
"""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "akako_requests", "Responses sent", ["method", "route", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "akako_request_seconds",
    "Time to the last byte of the response",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1, 3, 10, 60),
    registry=REGISTRY,
)
ALERTS = Counter(
    "akako_alerts", "Events that an operator should look at", ["kind"], registry=REGISTRY
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Return the series of these labels; the look-up costs more than the increment."""
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one response. Unknown methods share a label, which bounds the number of series."""
    responses, durations = _series(method if method in METHODS else "OTHER", route, status)
    responses.inc()
    durations.observe(seconds)


def alert(kind: str) -> None:
    ALERTS.labels(kind).inc()
