"""Children of a process, from Linux's /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

GONE = (FileNotFoundError, ProcessLookupError)


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def command(pid: int) -> bytes:
    """Return the command line of a process; nothing of one that has ended."""
    with suppress(*GONE):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def runs(pid: int) -> bool:
    """Return whether the process has not ended, whether or not its parent has noticed its end."""
    with suppress(*GONE):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False
