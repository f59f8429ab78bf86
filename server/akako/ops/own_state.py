"""Metrics of this process and of its connection pool."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from prometheus_client import Counter, Gauge

from akako.kernel.telemetry.metrics import REGISTRY

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
    "Delay of the event loop of the busiest worker",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)

WATCH_SECONDS = 5.0
PAGE_BYTES = os.sysconf("SC_PAGESIZE")

_cpu_reported = 0.0


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
