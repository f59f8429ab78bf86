"""Rate limiting that outlives its server: shared windows while it answers, local ones meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from akako.kernel.ports import Counters, Verdict

RETRY_SECONDS = 1.0
REPORT_SECONDS = 60.0

log = structlog.get_logger(__name__)


class ResilientCounters:
    """Never raises: hits that `primary` fails to answer are counted by `fallback`, same limits.

    `on_fallback` is called for each of those. After a failure the primary is left alone, but for
    one trial a second, until it answers again.
    """

    def __init__(
        self, primary: Counters, fallback: Counters, on_fallback: Callable[[], None]
    ) -> None:
        self._primary = primary
        self._fallback = fallback
        self._on_fallback = on_fallback
        self._failing = False
        self._next_trial = -math.inf
        self._next_report = -math.inf
        self._reported = False

    async def hit(self, key: str, limit: int, seconds: float) -> Verdict:
        if not self._failing or self._trial_is_due():
            try:
                verdict = await self._primary.hit(key, limit, seconds)
            except Exception as error:
                self._note_failure(error)
            else:
                if self._failing:
                    self._note_recovery()
                return verdict
        self._on_fallback()
        return await self._fallback.hit(key, limit, seconds)

    async def close(self) -> None:
        with suppress(Exception):  # a server that is away must not spoil the shutdown
            await self._primary.close()
        await self._fallback.close()

    def _trial_is_due(self) -> bool:
        now = time.monotonic()
        if now < self._next_trial:
            return False
        # The others keep off while this trial is under way.
        self._next_trial = now + RETRY_SECONDS
        return True

    def _note_failure(self, error: Exception) -> None:
        now = time.monotonic()
        self._failing = True
        self._next_trial = now + RETRY_SECONDS
        if now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            self._reported = True
            # Only the kind of error: its text may hold the server's address and password.
            log.warning("counters_unavailable", error=type(error).__name__)

    def _note_recovery(self) -> None:
        self._failing = False
        if self._reported:
            self._reported = False
            log.info("counters_recovered")
