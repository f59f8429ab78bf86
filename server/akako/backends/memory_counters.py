"""Rate-limit windows inside this process: exact for one process, unknown to any other."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable

from akako.kernel.ports import Verdict

# Enough to outrun any flood of new keys, little enough not to be felt by the hit that does it.
FORGOTTEN_PER_HIT = 200


class MemoryCounters:
    """Sliding logs of the allowed hits, in nanoseconds of a clock that never goes back."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        # Per window length, the key hit longest ago first: so the idle keys are in front.
        self._windows: dict[int, OrderedDict[str, array[int]]] = {}

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        now, window = self._clock(), round(seconds * 1e9)
        self._forget_idle(now)
        logs = self._windows.setdefault(window, OrderedDict())
        log = logs.setdefault(key, array("q"))
        del log[: bisect_right(log, now - window)]
        allowed = len(log) < limit
        if allowed:
            log.append(now)
            logs.move_to_end(key)
        # The hit that must leave the window to make room: the first, unless the limit was lowered.
        leaving = log[max(0, len(log) - limit)]
        return Verdict(allowed, max(0, limit - len(log)), (leaving + window - now) / 1e9)

    async def close(self) -> None:
        self._windows.clear()

    def _forget_idle(self, now: int) -> None:
        for window, logs in self._windows.items():
            for _ in range(min(FORGOTTEN_PER_HIT, len(logs))):
                oldest = next(iter(logs))
                if logs[oldest][-1] > now - window:
                    break
                del logs[oldest]
