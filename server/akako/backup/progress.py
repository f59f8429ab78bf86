"""Progress of a backup or restore."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30
REDRAW_SECONDS = 0.1
UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Progress:
    """A progress bar on a terminal; silent for other streams."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._step = ""
        self._total = self._done = 0
        self._drawn = 0.0
        self._started = time.monotonic()

    def begin(self, step: str, total: int = 0) -> None:
        """Start the next step, of `total` bytes if known."""
        self._step, self._total, self._done = step, total, 0
        self._started = time.monotonic()
        self._draw()

    def add(self, size: int) -> None:
        self._done += size
        if time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._draw()

    def end(self) -> None:
        """Clear the line."""
        if self._shown and self._drawn:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def _draw(self) -> None:
        if self._shown:
            self._drawn = time.monotonic()
            self._stream.write(f"\r\033[K{self.text(self._drawn - self._started)}")
            self._stream.flush()

    def text(self, seconds: float) -> str:
        """Return the line after this many seconds of the step."""
        if not self._total:
            return f"{self._step} {readable(self._done) if self._done else ''}".rstrip()
        share = min(1.0, self._done / self._total)
        bar = ("#" * int(share * WIDTH)).ljust(WIDTH, ".")
        left = ""
        if seconds > 1 and 0 < share < 1:
            left = f", {_clock(seconds / share - seconds)} left"
        amount = f"{readable(self._done)} of {readable(self._total)}"
        return f"{self._step} [{bar}] {share:4.0%} {amount}{left}"


def readable(size: float) -> str:
    """Format a number of bytes, such as 1.5 MB."""
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {UNITS[-1]}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
