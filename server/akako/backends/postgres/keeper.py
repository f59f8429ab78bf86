"""A small process that stops the private PostgreSQL after its last user process ends.

Each process that uses the server has its own keeper, which waits for the end of its standard
input. The input ends when the user process closes it or is killed. The keepers share a lock: the
last keeper can take it exclusively and stops the server. Started as a program,
with the standard library only: the descriptor of the lock, its path, user and group to run as, and
the command that stops the server.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys


def keep(lock: int, path: str, uid: int, gid: int, stop: list[str]) -> None:
    """Wait for the end of the user process. Run `stop` unless other processes use the server."""
    # Ctrl-C and the end of a terminal or service also reach this process, which must end last.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    if not _is_last(lock, path):
        return
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.execv(stop[0], stop)  # noqa: S606 - the lock stays taken until the server has stopped


def _is_last(lock: int, path: str) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The folder may have been replaced by another one with its own server.
        return os.path.samestat(os.fstat(lock), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        return False


if __name__ == "__main__":
    keep(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
