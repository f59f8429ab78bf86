"""The private PostgreSQL of a data folder, started and stopped with the server.

PostgreSQL refuses to run as root. Started by root it runs as the unprivileged user `akako`, and
only its own folder is given to that user: no permission of a parent folder is ever changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import psycopg

from akako.backends.postgres_binaries import (
    EmbeddedPostgresError,
    copy_of,
    find_programs,
    major,
    reachable,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "attach", "running_url", "start"]

USER = "akako"  # of the operating system when root starts it, and of the database
START_SECONDS = 60.0
STOP_SECONDS = 60.0
PR_SET_PDEATHSIG = 1

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "../log",
    # One file a weekday, overwritten a week later: logs never fill the disk.
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


class _Folder:
    """Where things are inside the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir.resolve() / "postgres"
        self.data = self.root / "data"
        self.password = self.root / "password"
        self.log = self.root / "log"
        self.lock = data_dir.resolve() / "postgres.lock"

    def url(self, port: int) -> str:
        password = self.password.read_text().strip()
        return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{USER}"

    def postmaster(self) -> tuple[int, int] | None:
        """(process id, port) as the server wrote them, if it is alive and ready."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            pid, port = int(lines[0]), int(lines[3])
        except (OSError, ValueError, IndexError):
            return None
        return (pid, port) if self._serves(pid) else None

    def _serves(self, pid: int) -> bool:
        """Process ids are used again, so the process must also be a PostgreSQL of this folder."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return str(self.data).encode() in command


class EmbeddedPostgres:
    """A running PostgreSQL. `stop` ends it if this process started it, and is idempotent."""

    def __init__(self, url: str, stop: Callable[[], None] | None = None) -> None:
        self.url = url
        self._stop = stop

    def stop(self) -> None:
        stop, self._stop = self._stop, None
        if stop:
            stop()


def start(data_dir: Path, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Start the data folder's PostgreSQL, making it first where needed.

    Raise EmbeddedPostgresError when another process runs it, when it was made by another major
    version, or when the folder cannot be used.
    """
    folder = _Folder(data_dir)
    lock = _take_lock(folder)
    if lock is None:
        raise EmbeddedPostgresError(f"AKAKO_DATA_DIR {data_dir} is in use by another Akako process")
    try:
        process, url = _start(folder, {**SETTINGS, **(settings or {})})
    except BaseException:
        os.close(lock)
        raise

    def stop() -> None:
        _shut_down(process)
        os.close(lock)

    return EmbeddedPostgres(url, stop)


def running_url(data_dir: Path) -> str | None:
    """The URL of the PostgreSQL that runs on this folder, whoever started it."""
    folder = _Folder(data_dir)
    running = folder.postmaster()
    return folder.url(running[1]) if running else None


@contextlib.contextmanager
def attach(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """The folder's PostgreSQL: the one that runs already, or one for as long as this is needed."""
    own = _attach(data_dir)
    try:
        yield own
    finally:
        own.stop()


def _attach(data_dir: Path) -> EmbeddedPostgres:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return start(data_dir)
        except EmbeddedPostgresError:
            lock = _take_lock(_Folder(data_dir))
            if lock is not None:
                os.close(lock)
                raise
        url = running_url(data_dir)
        if url and _answers(url):
            return EmbeddedPostgres(url)
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"the PostgreSQL of {data_dir} does not become ready")
        time.sleep(0.1)


def _take_lock(folder: _Folder) -> int | None:
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _start(folder: _Folder, settings: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    owner = _owner()
    programs = find_programs()
    if owner:
        _check_reachable(folder.root, owner.pw_uid)
        if not reachable(programs / "postgres", owner.pw_uid):
            programs = copy_of(programs, folder.root.parent)
    _end_orphan(folder)
    _make(folder, programs, owner)
    port = _free_port()
    options = [f"-c{name}={value}" for name, value in {**settings, "port": str(port)}.items()]
    with (folder.root / "startup.log").open("wb") as log:
        process = _popen([programs / "postgres", "-D", folder.data, *options], owner, log)
    url = folder.url(port)
    try:
        _wait_until_ready(process, url, folder)
    except BaseException:
        _shut_down(process)
        raise
    return process, url


def _owner() -> pwd.struct_passwd | None:
    """The user to run as instead of root, made if missing; None for everybody else."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        make = shutil.which("useradd")
    if make is None:
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root and there is no user {USER!r}: make one, "
            "start Akako as an ordinary user, or set AKAKO_DATABASE_URL"
        )
    nologin = shutil.which("nologin") or "/bin/false"
    command = [make, "--system", "--no-create-home", "--shell", nologin, USER]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(USER)  # also when another process made it at the same time
    except KeyError:
        raise EmbeddedPostgresError(f"useradd {USER} failed: {made.stderr.strip()}") from None


def _check_reachable(root: Path, uid: int) -> None:
    if not reachable(root, uid):
        raise EmbeddedPostgresError(
            f"AKAKO_DATA_DIR {root.parent} lies in a folder that the user {USER!r} cannot enter: "
            "choose another, such as /var/lib/akako"
        )


def _end_orphan(folder: _Folder) -> None:
    """A server whose Akako was killed is stopped, so that exactly one owns it again."""
    orphan = folder.postmaster()
    if orphan is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(orphan[0], signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while folder.postmaster() is not None:
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"the PostgreSQL with process id {orphan[0]} does not stop")
        time.sleep(0.05)


def _make(folder: _Folder, programs: Path, owner: pwd.struct_passwd | None) -> None:
    """Create the database cluster, whole or not at all."""
    version_file = folder.data / "PG_VERSION"
    version = major(programs)
    if version_file.exists():
        made_by = version_file.read_text().strip()
        if made_by != str(version):
            raise EmbeddedPostgresError(
                f"{folder.data} was made by PostgreSQL {made_by}, but this is {version}: "
                "back it up with the old version and restore it into an empty folder"
            )
        return
    folder.root.mkdir(mode=0o700, exist_ok=True)
    making = folder.root / "making"
    shutil.rmtree(making, ignore_errors=True)
    _write_secret(folder.password)
    folder.log.mkdir(mode=0o700, exist_ok=True)
    if owner:
        for path in (folder.root, folder.password, folder.log):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if version >= 17 else []
    command = [programs / "initdb", "-D", making, "-U", USER, f"--pwfile={folder.password}"]
    command += ["-A", "scram-sha-256", "-E", "UTF8", "--no-locale", *locale]
    command += ["--no-sync", "--data-checksums", "--no-instructions"]
    with (folder.root / "startup.log").open("wb") as log:
        if _popen(command, owner, log).wait() != 0:
            raise EmbeddedPostgresError(f"initdb failed: {_last_line(folder)}")
    making.rename(folder.data)
    os.sync()


def _write_secret(path: Path) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(24))


def _popen(
    command: list[object], owner: pwd.struct_passwd | None, log: BinaryIO
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C does not stop it before the API."""
    return subprocess.Popen(
        [str(part) for part in command],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, before any thread matters
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )


_libc = ctypes.CDLL(None, use_errno=True)


def _end_with_parent() -> None:
    """PostgreSQL shuts down fast when Akako dies, however it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, folder: _Folder) -> None:
    service = url.rsplit("/", 1)[0] + "/postgres"
    deadline = time.monotonic() + START_SECONDS
    while not _answers(service):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"PostgreSQL did not start: {_last_line(folder)}")
        time.sleep(0.02)
    with psycopg.connect(service, autocommit=True) as connection:
        if not connection.execute(
            "select 1 from pg_database where datname = %s", [USER]
        ).fetchone():
            connection.execute(f"create database {USER}")


def _last_line(folder: _Folder) -> str:
    lines = (folder.root / "startup.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {folder.log}"


def _shut_down(process: subprocess.Popen[bytes]) -> None:
    """End all connections and stop in order; only what hangs is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()
