"""What an operator can watch, in Prometheus' text format."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "akako_requests", "Answers sent", ["method", "route", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "akako_request_seconds",
    "Time to answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1, 3, 10, 60),
    registry=REGISTRY,
)
LIMITER_FALLBACKS = Counter(
    "akako_limiter_fallbacks", "Hits counted in this process instead of Valkey", registry=REGISTRY
)
ALERTS = Counter(
    "akako_alerts", "Events that an operator should look at", ["kind"], registry=REGISTRY
)

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Finding the series of some labels costs more than counting in it."""
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer. Methods that nobody defined share a label, so labels stay few."""
    answers, durations = _series(method if method in METHODS else "OTHER", route, status)
    answers.inc()
    durations.observe(seconds)


def alert(kind: str) -> None:
    ALERTS.labels(kind).inc()


def render() -> bytes:
    return generate_latest(REGISTRY)
