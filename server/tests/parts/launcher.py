"""Start `akako` as a fork of a process that has already imported it.

Imports are more than half of the CPU time of a start, and the suite starts hundreds of servers.
A command that needs more than a fork has, such as other variables at the start of Python, starts
as a process of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

FORKING = Path(__file__).with_name("forking.py")
# Workers of several processes are started anew from the command line of their parent.
NOT_FORKED = "--workers"
# Measures the processes of servers, each from its start.
MEASURED = "COVERAGE_PROCESS_START"


class Forked:
    """A running fork, used as a `subprocess.Popen`.

    Args:
        status: a descriptor from which the process id and, at the end, the exit status are read.
    """

    def __init__(self, status: int) -> None:
        self._status = status
        self._reading = threading.Lock()
        self.returncode: int | None = None
        self.pid = self._number()

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        return self._read(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status.

        Raises:
            subprocess.TimeoutExpired: It still runs after `timeout` seconds.
        """
        ended = self._read(None if timeout is None else timeout * 1000)
        if ended is None:
            raise subprocess.TimeoutExpired("akako", timeout or 0)
        return ended

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _read(self, milliseconds: float | None) -> int | None:
        if self.returncode is None:
            waiting = select.poll()
            waiting.register(self._status, select.POLLIN)
            ready = waiting.poll(milliseconds)
            with self._reading:
                if ready and self.returncode is None:
                    self.returncode = self._number()
                    os.close(self._status)
        return self.returncode

    def _number(self) -> int:
        """Return the next line, and leave what may have come with it."""
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self._status, 1)
            assert byte, "the process that forks has ended"
            line += byte
        return int(line)


class Launcher:
    """The process that forks, which ends with this one."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.variables = _python_variables(os.environ)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(FORKING), str(theirs.fileno())],
                env=self.variables,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.stop)

    def launch(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: BinaryIO
    ) -> Forked:
        umask = os.umask(0o077)
        os.umask(umask)
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": os.getcwd(),
            "umask": umask,
        }
        status, theirs = os.pipe()
        try:
            socket.send_fds(self._requests, [json.dumps(request).encode()], [log.fileno(), theirs])
        finally:
            os.close(theirs)
        return Forked(status)

    def stop(self) -> None:
        self._requests.close()
        self._process.wait()


@cache
def launcher() -> Launcher:
    return Launcher()


def launch(
    arguments: Sequence[str], environment: Mapping[str, str], log: BinaryIO
) -> subprocess.Popen[bytes] | Forked:
    """Start `akako` in a session of its own; its output is added to the log."""
    if NOT_FORKED not in arguments and MEASURED not in environment and sys.platform == "linux":
        forking = launcher()
        if _python_variables(environment) == forking.variables:
            return forking.launch(arguments, environment, log)
    return subprocess.Popen(
        [sys.executable, "-m", "akako.cli", *arguments],
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _python_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Python and libraries may have read before a fork."""
    left_out = ("AKAKO_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")
    return {name: each for name, each in environment.items() if not name.startswith(left_out)}
