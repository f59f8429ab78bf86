"""A server with two workers on real parts, which can be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from akako.backends.postgres.cluster import Folder
from akako.backends.postgres.process import postmaster
from akako.dev.fake_clerk import FakeClerk
from akako.migrations.run import migrate
from tests.parts.postgres import create_database, start_postgres
from tests.parts.process_tree import workers
from tests.parts.receiver import Receiver
from tests.parts.seaweedfs import SeaweedFS, start_seaweedfs
from tests.parts.server import Server
from tests.parts.valkey import Valkey, start_valkey

WORKERS = 2
# An acknowledged commit must survive, also when PostgreSQL is killed right after it.
STRICT = {"synchronous_commit": "on", "full_page_writes": "on", "fsync": "on"}


class Stage:
    """All parts of one run. `clerk` is a fake one; PostgreSQL, Valkey and S3 are real."""

    def __init__(self, folder: Path, clerk: FakeClerk) -> None:
        self._folder = folder / "database"
        self._folder.mkdir(mode=0o755)
        self.clerk = clerk
        self.postgres = start_postgres(self._folder, STRICT)
        self.valkey: Valkey = start_valkey(folder / "valkey")
        self.s3: SeaweedFS = start_seaweedfs(folder / "s3")
        self.receiver = Receiver()
        self.receiver.start()
        self.url = create_database(self.postgres.url, "soak")
        migrate(self.url)
        self.server = Server(
            folder / "server", self.url, environment=self._settings(), arguments=("--workers", "2")
        )
        self.server.folder.mkdir()
        self.server.start()

    def _settings(self) -> dict[str, str]:
        return {
            "AKAKO_REDIS_URL": self.valkey.url,
            **self.s3.settings(),
            "AKAKO_CLERK_ISSUER": self.clerk.issuer,
            "AKAKO_CLERK_SECRET_KEY": self.clerk.secret_key,
            "AKAKO_CLERK_API_URL": self.clerk.api_url,
            "AKAKO_BOOTSTRAP_ADMINS": "user_admin",
            "AKAKO_DEFAULT_PLAN": "ENTERPRISE",
        }

    def close(self) -> None:
        self.server.close()
        self.receiver.stop()
        self.s3.stop()
        self.valkey.stop()
        self.postgres.stop()

    def workers(self) -> list[int]:
        """The process ids of the workers that run now."""
        assert self.server.process
        return workers(self.server.process.pid)

    def signal_worker(self, number: signal.Signals) -> None:
        os.kill(self.workers()[0], number)

    def stop_postgres(self) -> None:
        """As `pg_ctl stop -m fast` does it."""
        self.postgres.stop()

    def kill_postgres(self) -> None:
        process = postmaster(Folder(self._folder))
        assert process
        os.kill(process.pid, signal.SIGKILL)

    def start_postgres(self) -> None:
        self.postgres.stop()
        self.postgres = start_postgres(self._folder, STRICT)

    def flush_valkey(self) -> None:
        with socket.create_connection(("127.0.0.1", self.valkey.port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16).startswith(b"+OK")

    def connections(self) -> int | None:
        """How many connections the database has, ours not counted; None while it is away."""
        sql = (
            "select count(*) from pg_stat_activity "
            "where datname = 'soak' and pid <> pg_backend_pid()"
        )
        try:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                row = connection.execute(sql).fetchone()
        except psycopg.OperationalError:
            return None
        return int(row[0]) if row else None


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        clerk = stack.enter_context(FakeClerk().running())
        stage = Stage(folder, clerk)
        stack.callback(stage.close)
        yield stage
