"""Metrics in the Prometheus text format.

With several workers, each worker stores its values in files that all workers read, so that a scrape
of any worker covers the whole server.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from akako.kernel.core.processes import is_alive

disable_created_metrics()  # type: ignore[no-untyped-call]
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
SWEPT = Counter(
    "akako_swept_objects",
    "Files removed that had no row (orphan) or whose upload died (stale)",
    ["kind"],
    registry=REGISTRY,
)
KEY_SET_FAILURES = Counter(
    "akako_key_set_failures", "Failed reads of the issuer's keys", registry=REGISTRY
)
# The label avoids a series with the value 0 (1970) in workers that have not read the keys yet.
KEY_SET_LOADED = Gauge(
    "akako_key_set_loaded_timestamp_seconds",
    "When the worker with the oldest keys last read them from the issuer",
    ["source"],
    registry=REGISTRY,
    multiprocess_mode="livemin",
)
POOL_WAITS = Counter(
    "akako_database_waits", "Reads and writes that waited for a connection", registry=REGISTRY
)
POOL_WAIT_SECONDS = Counter(
    "akako_database_wait_seconds", "How long those waited in total", registry=REGISTRY
)
POOL_REFUSALS = Counter(
    "akako_database_refusals", "Reads and writes that got no connection", registry=REGISTRY
)
CONNECTIONS = Gauge(
    "akako_database_connections",
    "Connections of all workers' pools: in_use, idle, and at most",
    ["state"],
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
WORKERS = Gauge(
    "akako_workers", "Processes that serve", registry=REGISTRY, multiprocess_mode="livesum"
)
MEMORY = Gauge(
    "akako_process_memory_bytes",
    "Resident memory of all workers",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
OPEN_FILES = Gauge(
    "akako_process_open_files",
    "Open files and connections of all workers",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
CPU_SECONDS = Counter("akako_process_cpu_seconds", "CPU time of all workers", registry=REGISTRY)
LOOP_LAG = Gauge(
    "akako_event_loop_lag_seconds",
    "How late the busiest worker woke up when it last meant to",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
NOTICEABLE_SECONDS = 0.005  # shorter waits for a connection are not counted
WATCH_SECONDS = 5.0
PAGE_BYTES = os.sysconf("SC_PAGESIZE")

_cpu_reported = 0.0


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


def record_wait(seconds: float) -> None:
    """Count a wait for a database connection, unless it is too short to notice."""
    if seconds < NOTICEABLE_SECONDS:
        return
    POOL_WAITS.inc()
    POOL_WAIT_SECONDS.inc(seconds)


def record_keys_read() -> None:
    KEY_SET_LOADED.labels("issuer").set(time.time())


async def watch(connections: Callable[[], tuple[int, int, int]]) -> None:
    """Record the state of this process and of its connection pool every 5 seconds.

    `connections` returns the numbers in use, idle, and at most.
    """
    loop = asyncio.get_running_loop()
    while True:
        for state, number in zip(("in_use", "idle", "at_most"), connections(), strict=True):
            CONNECTIONS.labels(state).set(number)
        _record_process()
        wake_up = loop.time() + WATCH_SECONDS
        await asyncio.sleep(WATCH_SECONDS)
        LOOP_LAG.set(max(0.0, loop.time() - wake_up))


def _record_process() -> None:
    global _cpu_reported  # noqa: PLW0603 - a counter takes differences
    WORKERS.set(1)
    used = time.process_time()
    CPU_SECONDS.inc(used - _cpu_reported)
    _cpu_reported = used
    with suppress(OSError):  # only Linux has /proc
        MEMORY.set(int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES)
        OPEN_FILES.set(len(os.listdir("/proc/self/fd")))


class _Fixed(Collector):
    """Values that were read from the database for this scrape."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


class _AllWorkers(MultiProcessCollector):
    """The values of every worker, without the live gauges of dead ones."""

    def collect(self) -> Iterable[Metric]:
        for path in Path(self._path).glob("gauge_live*_*.db"):
            if not is_alive(int(path.stem.rpartition("_")[2])):
                path.unlink(missing_ok=True)
        found: Iterable[Metric] = super().collect()  # type: ignore[no-untyped-call]
        return found


def render(found: Sequence[Metric] = ()) -> bytes:
    """Return all metrics of this server and `found`, in the text format."""
    if values.ValueClass._multiprocess:
        own = CollectorRegistry()
        _AllWorkers(own)  # type: ignore[no-untyped-call]
    else:
        own = REGISTRY
    extra = CollectorRegistry()
    extra.register(_Fixed(found))
    return generate_latest(own) + generate_latest(extra)
