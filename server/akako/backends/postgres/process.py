"""The server process of a data folder: whether there is one, its start, its port."""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple

import psycopg
from psycopg import sql

from akako.backends.postgres.binaries import Programs
from akako.backends.postgres.cluster import NAME, SUPERUSER, Folder, reason
from akako.backends.postgres.owner import EmbeddedPostgresError, Owner, run_as
from akako.kernel.telemetry.processes import is_alive

START_SECONDS = 300  # recovery after a power cut reads up to a gigabyte, maybe from a slow card

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # the path of a socket has a limit that deep folders exceed
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
    # Failed statements are the API's to report; here they would show e-mail addresses.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


class Postmaster(NamedTuple):
    """The server according to its pid file. The port is 0 until it listens."""

    pid: int
    port: int
    ready: bool


def postmaster(folder: Folder) -> Postmaster | None:
    """Return the server of this folder, if the process of its pid file is alive."""
    try:
        lines = folder.pid_file.read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].isdigit() or not _still_runs(int(lines[0])):
        return None
    complete = len(lines) >= 8
    return Postmaster(
        pid=int(lines[0]),
        port=int(lines[3]) if complete else 0,
        ready=complete and lines[7].strip() == "ready",
    )


def _still_runs(pid: int) -> bool:
    # As the first process of a container we inherit PostgreSQL, and a dead one waits to be reaped.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return is_alive(pid)


def ensure_running(
    folder: Folder, programs: Programs, owner: Owner, settings: Mapping[str, str], lock: int
) -> int:
    """Start the server unless it runs; wait until it accepts connections; return its port.

    Only one process at a time may call this: `lock` is the descriptor of the folder's lock file.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        server = postmaster(folder)
        if server is None:
            _launch(folder, programs, owner, settings, lock)
        elif server.ready and _is_free(server.port):
            # No server: after a crash another process got its process id.
            folder.pid_file.unlink(missing_ok=True)
        elif server.ready and _ensure_database(folder.url(server.port, SUPERUSER)):
            return server.port
        else:
            time.sleep(0.02)
    raise EmbeddedPostgresError(
        f"the PostgreSQL in {folder.root} did not become ready within {START_SECONDS} seconds"
    )


def _launch(
    folder: Folder, programs: Programs, owner: Owner, settings: Mapping[str, str], lock: int
) -> None:
    """Start the server and wait for it. After a temporary failure the caller tries again."""
    folder.startup_log.unlink(missing_ok=True)
    _remove_empty_pid_file(folder)
    port = _choose_port(lock)
    options = [f"-c{name}={value}" for name, value in {**settings, "port": str(port)}.items()]
    command = [str(programs.folder / "pg_ctl"), "start", "-D", str(folder.data), "-s", "-w"]
    command += ["-t", str(START_SECONDS), "-l", str(folder.startup_log), "-o", shlex.join(options)]
    done = run_as(owner, command, START_SECONDS + 10)
    if done.returncode == 0:
        return
    log = folder.startup_log.read_text(errors="replace") if folder.startup_log.exists() else ""
    dying = "shared memory block" in log  # processes of a killed server have yet to notice
    if dying or not _is_free(port):
        time.sleep(0.1)
        return
    raise EmbeddedPostgresError(
        f"PostgreSQL did not start: {reason(log or done.stdout)} (more in {folder.root})"
    )


def _remove_empty_pid_file(folder: Folder) -> None:
    """Remove an empty pid file. A power cut can leave one, and PostgreSQL then does not start."""
    with contextlib.suppress(FileNotFoundError):
        if not folder.pid_file.read_text()[:1].isdigit():
            folder.pid_file.unlink()


def _choose_port(lock: int) -> int:
    """Return the last port if it is free, else another one; store it in the lock file."""
    last = os.pread(lock, 16, 0)
    if last.isdigit() and _is_free(int(last)):
        return int(last)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(port).encode(), 0)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As PostgreSQL does: connections that have ended do not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _ensure_database(url: str) -> bool:
    """Create role and database if missing. Return false while the server refuses connections."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            name, password = sql.Identifier(NAME), sql.Literal(connection.info.password)
            if not _has(connection, "select 1 from pg_roles where rolname = %s"):
                making = sql.SQL("create role {} login createdb password {}")
                connection.execute(making.format(name, password))
            if not _has(connection, "select 1 from pg_database where datname = %s"):
                connection.execute(sql.SQL("create database {0} owner {0}").format(name))
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise EmbeddedPostgresError(
                "the PostgreSQL in AKAKO_DATA_DIR does not accept the password that lies there"
            ) from None
        return False
    return True


def _has(connection: psycopg.Connection[tuple[object, ...]], query: str) -> bool:
    return connection.execute(query.encode(), [NAME]).fetchone() is not None
