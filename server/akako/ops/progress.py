"""A progress bar on the operator's terminal."""

from __future__ import annotations

from typing import TextIO

WIDTH = 30


class ProgressBar:
    """A progress bar that is redrawn in place; silent if the stream is not a terminal."""

    def __init__(self, stream: TextIO, things: str) -> None:
        self._stream = stream if stream.isatty() else None
        self._things = things

    def show(self, done: int, expected: int) -> None:
        """Draw the bar. `expected` is an estimate; a higher value fills the bar."""
        if self._stream:
            filled = WIDTH * min(done, expected) // max(expected, 1)
            bar = "#" * filled + "." * (WIDTH - filled)
            self._stream.write(f"\r[{bar}] {done} {self._things}")
            self._stream.flush()

    def end(self) -> None:
        if self._stream:
            self._stream.write("\n")
