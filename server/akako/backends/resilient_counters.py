"""Rate limiting that survives the loss of its server, with windows in this process instead."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from prometheus_client import Counter

from akako.kernel.core.ports import Counters, Verdict
from akako.kernel.telemetry.metrics import REGISTRY

RETRY_SECONDS = 1.0
REPORT_SECONDS = 60.0

LIMITER_FALLBACKS = Counter(
    "akako_limiter_fallbacks", "Hits counted in this process instead of Valkey", registry=REGISTRY
)

log = structlog.get_logger(__name__)


class ResilientCounters:
    """Count in `primary`; when it fails, count in `fallback` with the same limits. Never raises.

    `on_fallback` is called for each hit that the fallback counts. After a failure, `primary` is
    tried once per second until it works again.
    """

    def __init__(
        self, primary: Counters, fallback: Counters, on_fallback: Callable[[], None]
    ) -> None:
        self._primary = primary
        self._fallback = fallback
        self._on_fallback = on_fallback
        self._failing = False
        self._next_attempt = -math.inf
        self._next_report = -math.inf
        self._reported = False

    @property
    def working(self) -> bool:
        """Return whether `primary` counted the last hit that it was asked for."""
        return not self._failing

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        if not self._failing or self._should_try_again():
            try:
                verdict = await self._primary.hit(key, limit, seconds)
            except Exception as error:
                self._record_failure(error)
            else:
                if self._failing:
                    self._record_recovery()
                return verdict
        self._on_fallback()
        return await self._fallback.hit(key, limit, seconds)

    async def close(self) -> None:
        with suppress(Exception):  # an unavailable server must not fail the shutdown
            await self._primary.close()
        await self._fallback.close()

    def _should_try_again(self) -> bool:
        now = time.monotonic()
        if now < self._next_attempt:
            return False
        # Other hits use the fallback during this attempt.
        self._next_attempt = now + RETRY_SECONDS
        return True

    def _record_failure(self, error: Exception) -> None:
        now = time.monotonic()
        self._failing = True
        self._next_attempt = now + RETRY_SECONDS
        if now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            self._reported = True
            # Only the type of the error: its text may contain the address and the password.
            log.warning("counters_unavailable", error=type(error).__name__)

    def _record_recovery(self) -> None:
        self._failing = False
        if self._reported:
            self._reported = False
            log.info("counters_recovered")
