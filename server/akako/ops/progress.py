"""How far a long command has come, as a line on the operator's terminal."""

from __future__ import annotations

from typing import TextIO

WIDTH = 30


class ProgressBar:
    """Draws itself anew in place. Shows nothing where nobody watches, such as in a log."""

    def __init__(self, stream: TextIO, things: str) -> None:
        self._stream = stream if stream.isatty() else None
        self._things = things

    def show(self, done: int, expected: int) -> None:
        """`expected` is a guess; what goes beyond it fills the bar."""
        if self._stream:
            filled = WIDTH * min(done, expected) // max(expected, 1)
            bar = "#" * filled + "." * (WIDTH - filled)
            self._stream.write(f"\r[{bar}] {done} {self._things}")
            self._stream.flush()

    def end(self) -> None:
        if self._stream:
            self._stream.write("\n")
