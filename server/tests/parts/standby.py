"""A PostgreSQL that follows another as its streaming replica, and can take over from it."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from akako.backends.postgres.binaries import Programs, find_programs, for_owner
from akako.backends.postgres.cluster import SUPERUSER, Folder
from akako.backends.postgres.owner import choose_owner, run_as
from akako.backends.postgres.process import postmaster
from tests.parts.freezing import freeze
from tests.parts.ports import free_port
from tests.parts.postgres import HASTY
from tests.parts.process_tree import children, runs

SECONDS = 60.0
COPYING = ("--checkpoint=fast", "--write-recovery-conf", "--create-slot", "--slot=standby")


class Pair:
    """The primary of a data folder, started already, and a synchronous standby made from it.

    A commit is acknowledged only when both have it.
    """

    def __init__(self, primary: Path, standby: Path) -> None:
        self._folder = Folder(primary)
        self._owner = choose_owner(self._folder.root)
        found = find_programs(self._folder.made_by())
        self._programs: Programs = for_owner(found, self._owner, self._folder.home)
        server = postmaster(self._folder)
        assert server
        self.port, self.standby_port = server.port, free_port()
        standby.mkdir(mode=0o755)
        os.chown(standby, *self._owner)
        self._data = standby / "data"
        self._log = standby / "log"
        self._copy()
        self._control("start", "-l", str(self._log), "-o", self._options())
        self._make_synchronous()

    def _copy(self) -> None:
        superuser = self._folder.url(self.port, SUPERUSER)
        self._run("pg_basebackup", "-d", superuser, "-D", str(self._data), *COPYING)

    def _options(self) -> str:
        settings = {
            "port": str(self.standby_port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": HASTY["max_connections"],  # no fewer than the primary has
            "shared_buffers": HASTY["shared_buffers"],
        }
        return shlex.join(f"-c{name}={value}" for name, value in settings.items())

    def _make_synchronous(self) -> None:
        with self._as_superuser(self.port) as db:
            db.execute("alter system set synchronous_standby_names = '*'")
            db.execute("select pg_reload_conf()")
            sql = "select count(*) from pg_stat_replication where sync_state = 'sync'"
            _until(lambda: _value(db, sql) == 1)

    def kill_primary(self) -> None:
        """Kill the postmaster, and return when its other processes have ended too.

        Those of open sessions run for some milliseconds more, in which they still answer.
        """
        server = postmaster(self._folder)
        assert server
        freeze([server.pid])  # it starts no other process
        started = children(server.pid)
        assert started
        os.kill(server.pid, signal.SIGKILL)
        _until(lambda: not any(map(runs, [server.pid, *started])))
        assert not _answers(self._folder.url(self.port, SUPERUSER))

    def promote(self) -> None:
        """Make the standby the primary, which waits for no standby of its own."""
        self._control("promote")
        with self._as_superuser(self.standby_port) as db:
            db.execute("alter system reset synchronous_standby_names")
            db.execute("select pg_reload_conf()")
            _until(lambda: _value(db, "show synchronous_standby_names") == "")

    def stop(self) -> None:
        """Kill the standby. Does nothing when it is stopped already."""
        if (self._data / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")

    def url(self, database: str) -> str:
        """Return the URL of both servers; a client connects to the writable one."""
        role = self._folder.url(self.port).partition("@")[0]
        hosts = f"127.0.0.1:{self.port},127.0.0.1:{self.standby_port}"
        return f"{role}@{hosts}/{database}?target_session_attrs=read-write"

    def _as_superuser(self, port: int) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._folder.url(port, SUPERUSER), autocommit=True)

    def _control(self, verb: str, *more: str) -> None:
        self._run("pg_ctl", verb, "-D", str(self._data), "-w", "-s", *more)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs.folder / program), *arguments]
        done = run_as(self._owner, command, SECONDS)
        assert done.returncode == 0, done.stdout


def _value(db: psycopg.Connection[tuple[object, ...]], sql: str) -> object:
    row = db.execute(sql.encode()).fetchone()
    return row[0] if row else None


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)
