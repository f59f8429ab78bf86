"""Processes, their children and their states, from Linux's /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

GONE = (FileNotFoundError, ProcessLookupError)
ENDED = {"Z", "X", ""}


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _command(pid: int) -> bytes:
    """Return the command line of a process; nothing of one that has ended."""
    with suppress(*GONE):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def workers(pid: int) -> list[int]:
    """Return the process ids of the workers of a server that run now."""
    return [each for each in children(pid) if b"spawn_main" in _command(each)]


def runs(pid: int) -> bool:
    """Return whether the process has not ended, whether or not its parent has noticed its end."""
    return _state(Path(f"/proc/{pid}/stat")) not in ENDED


def is_frozen(pid: int) -> bool:
    """Return whether no thread of the process runs; a process that has ended has none."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return {_state(each) for each in threads} <= {"T", *ENDED}


def _state(file: Path) -> str:
    """Return the letter of a process or thread; nothing if it is gone."""
    with suppress(*GONE):
        return file.read_text().rpartition(")")[2].split()[0]
    return ""
