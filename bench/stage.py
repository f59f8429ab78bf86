"""Start what all contestants share: PostgreSQL, Valkey, the school, keys and tokens."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from psycopg import sql as composed

from akako.backends import valkey_counters
from akako.backends.postgres.cluster import NAME, SUPERUSER, Folder
from akako.backends.tokens.dev_issuer import ISSUER, KEY_FILE, DevIssuer
from akako.migrations.run import migrate
from bench import data, rivals, servers, sql
from tests.parts.nginx import PROGRAM as NGINX
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.valkey import start_valkey

MIB = 1024 * 1024
TOKEN_SECONDS = 6 * 3600
# Sized for a million users; autovacuum would run at unpredictable times.
DATABASE = {"shared_buffers": "512MB", "autovacuum": "off", "max_wal_size": "8GB", "jit": "off"}


@dataclass
class Contestant:
    """A running server that is measured in turns."""

    name: str
    port: int
    pid: int
    idle: float = 0.0  # CPU seconds per second of an idle server, subtracted from the result


@dataclass
class Stage:
    """The shared servers. Contestants start on demand and keep running."""

    folder: Path
    url: str
    postmaster: int
    redis_url: str
    users: int
    stack: ExitStack
    running: dict[str, Contestant] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    idle: float = 0.0  # CPU seconds per second of the idle database, subtracted from the result

    def token(self, clerk_id: str) -> str:
        return DevIssuer.open(self.folder).mint(clerk_id, TOKEN_SECONDS)

    def environment(self, url: str | None = None) -> dict[str, str]:
        """Return the environment of our server."""
        rates = ("GENERAL", "AUTH", "UPLOAD", "MEDIA", "WEBHOOK")
        return {
            "AKAKO_DATA_DIR": str(self.folder),
            "AKAKO_DATABASE_URL": url or self.url,
            "AKAKO_REDIS_URL": self.redis_url,
            "AKAKO_MAX_DOCUMENT_BYTES": str(300 * MIB),
            **{f"AKAKO_RATE_LIMIT_{name}": "999999/60" for name in rates},
        }

    def akako(
        self, name: str = "akako", *arguments: str, url: str | None = None, **settings: str
    ) -> Contestant:
        """Start our server under a name, on the main database or another one."""
        if name not in self.running:
            port = servers.free_port()
            server = servers.started(
                servers.akako(port, *arguments),
                port,
                self.environment(url) | settings,
                log=self.folder / f"{name}.log",
            )
            self.running[name] = Contestant(name, port, self.stack.enter_context(server))
        return self.running[name]

    def rival(self, name: str) -> Contestant:
        """Start a peer on the main database."""
        if name not in self.running:
            port = servers.free_port()
            environment = {
                "BENCH_FOLDER": str(self.folder),
                "BENCH_DATABASE_URL": self.url,
                "BENCH_REDIS_URL": self.redis_url,
                "BENCH_ISSUER": ISSUER,
                "NODE_ENV": "production",
                **rivals.QUIET,
            }
            server = servers.rival(name, port, environment, self.folder / f"{name}.log")
            self.running[name] = Contestant(name, port, self.stack.enter_context(server))
        return self.running[name]

    def nginx(self, name: str, configuration: str) -> Contestant:
        """Start nginx with one worker and the given `location`."""
        if name not in self.running:
            port = servers.free_port()
            home = self.folder / name
            home.mkdir()
            (home / "nginx.conf").write_text(_nginx(home, port, configuration))
            command = [str(NGINX), "-p", str(home), "-c", str(home / "nginx.conf")]
            server = servers.started(command, port, {}, log=self.folder / f"{name}.log")
            self.running[name] = Contestant(name, port, self.stack.enter_context(server))
        return self.running[name]

    def another_database(self, users: int, *, prefix: str = "bench") -> str:
        """Create a second school of another size. The first one of a size is kept as a template."""
        template = f"school_{users}"
        if template not in self.templates:
            url = create_database(self.url, template)
            migrate(url)
            fill(url, users)
            self.templates.add(template)
        return _copy(self.url, template, f"{prefix}_{users}")


def _copy(url: str, template: str, name: str) -> str:
    """Create a database from files of another one, which is faster than by the log."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            composed.SQL("create database {} template {} strategy file_copy").format(
                composed.Identifier(name), composed.Identifier(template)
            )
        )
    return f"{url.rsplit('/', 1)[0]}/{name}"


def _nginx(home: Path, port: int, location: str) -> str:
    temporary = "\n".join(
        f"  {kind}_temp_path {home}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off;
user root;
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
{temporary}
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port};
    {location}
  }}
}}
"""


def fill(url: str, users: int) -> None:
    print(f"filling a database with {users:,} users", file=sys.stderr, flush=True)
    data.fill(url, users)


@contextmanager
def prepared(users: int) -> Iterator[Stage]:
    """Start and fill the shared servers, without contestants."""
    with ExitStack() as stack:
        folder = stack.enter_context(passable_folder())
        database = start_postgres(folder, DATABASE)
        stack.callback(database.stop)
        valkey = start_valkey(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stack.callback(valkey.stop)
        migrate(database.url)
        fill(database.url, users)
        pid = _open_up(Folder(folder))
        _write_shared(folder)
        yield Stage(folder, database.url, pid, valkey.url, users, stack)


def _open_up(folder: Folder) -> int:
    """Allow the benchmark to disable triggers; return the process id of PostgreSQL."""
    pid, _, _, port, *_ = folder.pid_file.read_text().splitlines()
    with psycopg.connect(folder.url(int(port), SUPERUSER), autocommit=True) as db:
        db.execute(f"grant set on parameter session_replication_role to {NAME}".encode())
    return int(pid)


def _write_shared(folder: Path) -> None:
    """Write the files that peers read: token key, limiter script, SQL."""
    DevIssuer.open(folder)
    private = load_pem_private_key((folder / KEY_FILE).read_bytes(), None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(public)
    (folder / "limit.lua").write_text(valkey_counters.SCRIPT)
    (folder / "sql.json").write_text(sql.as_json())
