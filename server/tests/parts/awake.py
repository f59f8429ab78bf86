"""A clock that hardly counts the time in which this process could not run.

An upper bound on elapsed time tells a response in time from one that never comes. On a shared
machine all processes can stop for seconds, which says nothing about the product.
"""

from __future__ import annotations

import threading
import time
from typing import Self

TICK_SECONDS = 0.01
MOST_SECONDS = 0.05  # counted between two ticks


class AwakeClock:
    """Counts seconds in a thread, like `time.monotonic` but at most MOST_SECONDS for each tick.

    The thread runs while others wait for sockets, locks or child processes, and gets its turn from
    busy Python code. It does not run during one long call that holds the global interpreter lock:
    for computations in this process use `time.thread_time`.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._last = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __call__(self) -> float:
        """Return the seconds counted so far."""
        return self._seconds

    def tick(self, now: float) -> None:
        """Count the time since the last tick."""
        self._seconds += min(now - self._last, MOST_SECONDS)
        self._last = now

    def _run(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            self.tick(time.monotonic())

    def __enter__(self) -> Self:
        self._last = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
