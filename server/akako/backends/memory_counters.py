"""Rate-limit windows in the memory of this process; other processes do not share them."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable

from akako.kernel.core.ports import Verdict

# Removes keys faster than a flood can add them, without a noticeable delay for the hit.
EXPIRED_PER_HIT = 200


class MemoryCounters:
    """Sliding logs of the allowed hits, in nanoseconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        # By window length; keys in the order of their last hit, so expired keys come first.
        self._windows: dict[int, OrderedDict[str, array[int]]] = {}

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        now, window = self._clock(), round(seconds * 1e9)
        self._remove_expired(now)
        logs = self._windows.setdefault(window, OrderedDict())
        log = logs.setdefault(key, array("q"))
        del log[: bisect_right(log, now - window)]
        allowed = len(log) < limit
        if allowed:
            log.append(now)
            logs.move_to_end(key)
        # The hit whose expiry frees a slot: the oldest one, unless the limit was lowered.
        leaving = log[max(0, len(log) - limit)]
        return Verdict(allowed, max(0, limit - len(log)), (leaving + window - now) / 1e9)

    async def close(self) -> None:
        self._windows.clear()

    def _remove_expired(self, now: int) -> None:
        for window, logs in self._windows.items():
            for _ in range(min(EXPIRED_PER_HIT, len(logs))):
                oldest = next(iter(logs))
                if logs[oldest][-1] > now - window:
                    break
                del logs[oldest]
