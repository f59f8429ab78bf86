"""A PostgreSQL of a test's own, which can be stopped, frozen, filled and made read-only."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.migrations.run import migrate
from tests.parts.freezing import freeze, thaw
from tests.parts.postgres import OUR_SESSIONS, create_database, start_postgres

# Few, so that a test can take all that are left.
CONNECTIONS = 30
# What was acknowledged survives a crash of PostgreSQL, as it does with its own defaults.
SETTINGS = {"max_connections": str(CONNECTIONS), "synchronous_commit": "on"}


class OwnPostgres:
    """It keeps its port and its data over `stop` and `start`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: EmbeddedPostgres = self._started()
        self.admin_url = self._server.url
        self.url = create_database(self._server.url, "school")
        migrate(self.url)

    def _started(self) -> EmbeddedPostgres:
        return start_postgres(self._folder, SETTINGS)

    def start(self) -> None:
        self._server = self._started()

    def stop(self) -> None:
        self._server.stop()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It accepts connections and answers nothing."""
        pids = self._pids()
        try:
            freeze(pids)
            yield
        finally:
            thaw(pids)

    def crash(self) -> None:
        """One of its processes dies; PostgreSQL then ends all others and recovers by itself.

        Return when it has begun to end the others.
        """
        with psycopg.connect(self.url) as db, psycopg.connect(self.url) as other:
            os.kill(db.info.backend_pid, signal.SIGKILL)
            try:
                other.execute("select pg_sleep(60)")
            except psycopg.OperationalError:
                return
        raise AssertionError("PostgreSQL ended no other session")

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As on a replica: every write is refused."""
        name = self.url.rpartition("/")[2]
        with psycopg.connect(self.admin_url, autocommit=True) as db:
            db.execute(f"alter database {name} set default_transaction_read_only = on")
            self.end_sessions(db)
            try:
                yield
            finally:
                db.execute(f"alter database {name} reset default_transaction_read_only")
                self.end_sessions(db)

    def end_sessions(self, db: psycopg.Connection[tuple[object, ...]]) -> None:
        """Those of the school end; new ones begin with the present settings."""
        db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            f"where datname = 'school' and {OUR_SESSIONS}".encode()
        )

    @contextmanager
    def full(self) -> Iterator[None]:
        """Others hold all connections that were left."""
        with ExitStack() as held:
            with suppress(psycopg.OperationalError):
                for _ in range(CONNECTIONS):
                    held.enter_context(psycopg.connect(self.url))
            yield

    def _pids(self) -> list[int]:
        with psycopg.connect(self.admin_url) as db:
            mine = db.info.backend_pid
            rows = db.execute("select pid from pg_stat_activity").fetchall()
        (pid_file,) = self._folder.rglob("postmaster.pid")
        postmaster = int(pid_file.read_text().split()[0])
        return [postmaster, *(pid for (pid,) in rows if pid != mine)]
