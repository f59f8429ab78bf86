"""Bounds of the request bodies that are held before their sender is known.

A queue would let slow senders block others. Over its bounds the budget therefore refuses the body
that costs most: the largest unfinished one, or the oldest. Genuine messages are small and arrive in
one piece.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from akako.kernel.core.errors import PayloadTooLarge, RequestTimeout, ServiceUnavailable

RETRY_SECONDS = 5


class Reading:
    """A body that is being received."""

    __slots__ = ("deadline", "refused", "size", "started")

    def __init__(self, deadline: asyncio.Timeout) -> None:
        self.deadline = deadline
        self.started = time.monotonic()
        self.size = 0
        self.refused = False


class BodyBudget:
    """At most `number` bodies with together at most `size` bytes, each within `seconds`.

    A body that is younger than `grace` seconds is not refused in favour of another one.
    """

    def __init__(
        self,
        *,
        number: int = 128,
        size: int = 8 * 1024 * 1024,
        seconds: float = 5.0,
        grace: float = 1.0,
    ) -> None:
        self.number = number
        self.size = size
        self.seconds = seconds
        self.grace = grace
        self.held = 0  # bytes
        self._readings: dict[Reading, None] = {}  # the oldest first

    async def read(self, chunks: AsyncIterator[bytes], limit: int) -> bytes:
        """Return the whole body.

        Raises:
            PayloadTooLarge: It has more than `limit` bytes.
            RequestTimeout: It did not arrive in time.
            ServiceUnavailable: The budget is used up.
        """
        parts: list[bytes] = []
        reading: Reading | None = None
        try:
            async with asyncio.timeout(self.seconds) as deadline:
                reading = self._admit(deadline)
                async for chunk in chunks:
                    if reading.size + len(chunk) > limit:
                        raise PayloadTooLarge(limit)
                    parts.append(chunk)
                    self._add(reading, len(chunk))
        except TimeoutError:
            if reading is not None and reading.refused:
                raise ServiceUnavailable(retry_after=RETRY_SECONDS) from None
            raise RequestTimeout from None
        finally:
            if reading is not None:
                self._remove(reading)
        return b"".join(parts)

    def _admit(self, deadline: asyncio.Timeout) -> Reading:
        if len(self._readings) >= self.number:
            oldest = next(iter(self._readings))
            if time.monotonic() - oldest.started < self.grace:
                raise ServiceUnavailable(retry_after=RETRY_SECONDS)
            self._refuse(oldest)
        reading = Reading(deadline)
        self._readings[reading] = None
        return reading

    def _add(self, reading: Reading, size: int) -> None:
        reading.size += size
        if not reading.refused:
            self.held += size
        while self.held > self.size:
            self._refuse(max(self._readings, key=lambda each: each.size))

    def _refuse(self, reading: Reading) -> None:
        """End a reading at its next pause, and release its share of the budget."""
        self._remove(reading)
        reading.refused = True
        reading.deadline.reschedule(asyncio.get_running_loop().time())

    def _remove(self, reading: Reading) -> None:
        if reading in self._readings:
            del self._readings[reading]
            self.held -= reading.size
