"""The progress bar, which is shown on terminals only."""

from __future__ import annotations

import io

import pytest

from akako.backup.progress import Progress, readable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is_and_ends_with_a_clean_line() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.begin("table users")
    progress.begin("files", 4_000_000)
    progress.add(1_000_000)
    assert progress.text(0) == f"files [{'#' * 7}{'.' * 23}]  25% 1.0 MB of 4.0 MB"
    assert progress.text(30).endswith(", 1:30 left")
    assert progress.text(3600).endswith(", 3:00:00 left")
    progress.end()
    assert "table users" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


def test_a_pipe_sees_nothing() -> None:
    pipe = io.StringIO()
    progress = Progress(pipe)
    progress.begin("files", 10)
    progress.add(10)
    progress.end()
    assert pipe.getvalue() == ""


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (10**9, "1.0 GB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable(size) == text
