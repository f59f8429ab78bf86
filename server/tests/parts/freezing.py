"""Freeze processes: they keep what they hold, and do nothing until they are thawed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

from tests.parts.process_tree import is_frozen

STOP_SECONDS = 10.0


def freeze(pids: Iterable[int]) -> None:
    """Return when every thread has stopped: the signal alone lets a busy one answer for a while."""
    asked = list(pids)
    _send(asked, signal.SIGSTOP)
    deadline = time.monotonic() + STOP_SECONDS
    while running := [pid for pid in asked if not is_frozen(pid)]:
        assert time.monotonic() < deadline, f"still running: {running}"
        time.sleep(0.001)


def thaw(pids: Iterable[int]) -> None:
    _send(pids, signal.SIGCONT)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
