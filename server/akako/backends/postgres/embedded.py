"""The private PostgreSQL of a data folder.

Any number of processes can use it: the first one starts it, the last one stops it. Two lock files
coordinate them. A process that uses the server holds `postgres.users` in shared mode (through its
keeper, so that a killed process releases it); a process that checks whether the server must be
started holds `postgres.lock`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

from akako.backends.postgres import keeper
from akako.backends.postgres.binaries import Programs, find_programs, for_owner
from akako.backends.postgres.cluster import Folder, make_cluster
from akako.backends.postgres.owner import (
    EmbeddedPostgresError,
    Owner,
    blocking_folder,
    choose_owner,
)
from akako.backends.postgres.process import SETTINGS, START_SECONDS, ensure_running, postmaster

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "attach", "running_url", "start"]

STOP_SECONDS = 60


class EmbeddedPostgres:
    """A running PostgreSQL that stops when its last user process ends.

    `url`: postgresql://akako:<password>@127.0.0.1:<port>/akako
    """

    def __init__(self, url: str, keeper: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._keeper = keeper

    def stop(self) -> None:
        """Release the server; wait for its shutdown unless other processes use it. Idempotent."""
        _dismiss(self._keeper)


def start(data_dir: Path, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Start the PostgreSQL of the data folder, or use the running one. Create it if necessary.

    `settings` are settings of PostgreSQL, which apply only if this call starts it. Raises
    EmbeddedPostgresError with a message of one line.
    """
    folder = Folder(data_dir)
    try:
        folder.home.mkdir(parents=True, exist_ok=True)
        with (
            _locked(folder.users, fcntl.LOCK_SH) as users,
            _locked(folder.lock, fcntl.LOCK_EX) as lock,
        ):
            return _start(folder, {**SETTINGS, **(settings or {})}, users, lock)
    except OSError as error:
        raise _unusable(data_dir, error) from error


@contextlib.contextmanager
def attach(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """Run the PostgreSQL of the data folder during a block."""
    server = start(data_dir)
    try:
        yield server
    finally:
        server.stop()


def running_url(data_dir: Path) -> str | None:
    """Return the URL of the PostgreSQL that runs on this folder, if it accepts connections."""
    folder = Folder(data_dir)
    try:
        server = postmaster(folder)
        if server is None or not server.ready:
            return None
        url = folder.url(server.port)
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return None
    except OSError as error:
        raise _unusable(data_dir, error) from error
    return url


def _unusable(data_dir: Path, error: OSError) -> EmbeddedPostgresError:
    where = f": {error.filename}" if error.filename else ""
    return EmbeddedPostgresError(
        f"AKAKO_DATA_DIR {data_dir} cannot be used: {error.strerror or error}{where}"
    )


@contextlib.contextmanager
def _locked(path: Path, mode: int) -> Iterator[int]:
    """Hold the lock file. The lock ends with the block, or with a keeper that inherited it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, mode, path)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, mode: int, path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    "another process has been starting or stopping the PostgreSQL of "
                    f"{path.parent} for {START_SECONDS} seconds"
                ) from None
        time.sleep(0.02)


def _start(folder: Folder, settings: Mapping[str, str], users: int, lock: int) -> EmbeddedPostgres:
    owner = choose_owner(folder.root)
    _check_passable(folder, owner)
    programs = for_owner(find_programs(folder.made_by()), owner, folder.home)
    if folder.made_by() is None:
        make_cluster(folder, programs, owner, sync=settings.get("fsync") != "off")
    # The keeper comes first: should we be killed from here on, it stops what we have started.
    keeper = _hire_keeper(folder, programs, owner, users)
    try:
        port = ensure_running(folder, programs, owner, settings, lock)
    except BaseException:
        _dismiss(keeper)
        raise
    return EmbeddedPostgres(folder.url(port), keeper)


def _check_passable(folder: Folder, owner: Owner) -> None:
    blocking = blocking_folder(folder.root, owner) if os.geteuid() == 0 else None
    if blocking:
        raise EmbeddedPostgresError(
            f"AKAKO_DATA_DIR {folder.home} cannot be used by root: the user that PostgreSQL runs "
            f"as may not pass {blocking}; choose a folder such as /var/lib/akako, or allow it with "
            f"chmod o+x {blocking}"
        )


def _hire_keeper(
    folder: Folder, programs: Programs, owner: Owner, users: int
) -> subprocess.Popen[bytes]:
    stop = [programs.folder / "pg_ctl", "stop", "-D", folder.data, "-m", "fast", "-w", "-s"]
    duty = [users, folder.users, owner.uid, owner.gid, *stop, "-t", STOP_SECONDS]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", keeper.__file__, *map(str, duty)],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[users],
        start_new_session=True,
    )


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin
    keeper.stdin.close()
    keeper.wait()
