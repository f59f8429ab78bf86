"""Running the API: its database, its schema, its first accounts, its workers."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, cast

import asyncpg
import msgspec
import psycopg
import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from akako import assembly, main
from akako.backends import embedded_postgres
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.db.pool import Pool
from akako.kernel.files import modes
from akako.migrations.run import prepare
from akako.ops import development
from akako.ops.demo import seed_school
from akako.settings import Settings, SettingsError, check_workers
from akako.wire.connections import Connections
from akako.wire.protocol import BUFFERED_BYTES, IDLE_SECONDS, BoundedProtocol

log = structlog.get_logger(__name__)

GRACE_SECONDS = 30
DESCRIPTORS = 16 * 1024
WORKER_SECONDS = 60  # in which a worker must answer its parent, its start included


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The settings with a database that runs: the one they name, or the data folder's own."""
    make_data_dir(settings)
    if settings.database_url:
        yield settings
        return
    with embedded_postgres.attach(settings.data_dir) as own:
        yield msgspec.structs.replace(settings, database_url=own.url)


def make_data_dir(settings: Settings) -> None:
    """Make the data folder, open to its owner alone, and close what is in it."""
    folder = settings.data_dir
    # PostgreSQL, started by root, runs as another user, who must pass the folder but not list it.
    mode = 0o711 if os.geteuid() == 0 else settings.file_modes.folder
    try:
        modes.make_top_folder(folder, mode)
        modes.close_folder(folder, settings.file_modes)
    except OSError as error:
        raise SettingsError(f"AKAKO_DATA_DIR {folder} cannot be made: {error.strerror}") from None


async def seed(settings: Settings, *, demo: bool) -> None:
    """The accounts of a development server, and with `demo` a small school."""
    people = assembly.directory(settings)
    assert settings.database_url
    assert people is not None
    db = Pool(settings.database_url, size=2)
    try:
        ids = await development.seed_staff(db, people)
        if demo:
            await development.seed_learner(db, people)
            admin = await development.actor_of(db, development.ADMIN_ID)
            await seed_school(db, admin, ids[development.MENTOR_ID])
    finally:
        await db.close()


class _Announcing(uvicorn.Server):
    """Says once, on standard output, that the server is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()
            sys.stdout.flush()


class _Workers(Multiprocess):
    """Replaces a worker as soon as it is dead."""

    def keep_subprocess_alive(self) -> None:
        # While the parent holds the worker's end of their pipe, a worker that dies in the middle
        # of a health check leaves it waiting for an answer until WORKER_SECONDS are over.
        for worker in self.processes:
            worker.child_conn.close()
        super().keep_subprocess_alive()


def serve(
    settings: Settings, *, host: str, port: int, demo: bool, workers: int, schema: bool
) -> None:
    """Run until SIGTERM or SIGINT; requests under way get time to finish.

    `schema`: bring an external database to this version's schema first (our own always is).
    """
    check_workers(settings, workers)
    signal.signal(signal.SIGTERM, _leave)
    _raise_descriptor_limit()
    listener = _listen(host, port)
    with database(settings) as running:
        assert running.database_url
        prepare_schema(running.database_url, upgrade=schema or not settings.database_url)
        if not settings.clerk_issuer:
            _seed_if_possible(running, demo=demo)
        os.environ["AKAKO_DATABASE_URL"] = running.database_url
        os.environ["AKAKO_DATA_DIR"] = str(settings.data_dir)
        port = listener.getsockname()[1]
        text = banner(settings, host, port)
        _run(running, listener, workers, lambda: sys.stdout.write(text + "\n"))


def prepare_schema(url: str, *, upgrade: bool) -> None:
    """Make sure of the schema. A server starts also while its database is away."""
    try:
        prepare(url, upgrade=upgrade)
    except psycopg.OperationalError as error:
        if upgrade:
            raise
        log.warning("schema_not_checked", error=type(error).__name__)


def _seed_if_possible(settings: Settings, *, demo: bool) -> None:
    """A server starts also while its database is away; then it starts without these accounts."""
    try:
        asyncio.run(seed(settings, demo=demo))
    except (ServiceUnavailable, asyncpg.UndefinedTableError) as error:
        log.warning("not_seeded", error=type(error).__name__)


def _run(
    settings: Settings, listener: socket.socket, workers: int, announce: Callable[[], object]
) -> None:
    connections = Connections(
        settings.client_connections,
        trusted=settings.trusted_proxies,
        shared=settings.shared_networks,
    )
    config = uvicorn.Config(
        main.create_app if workers == 1 else "akako.main:create_app",
        factory=True,
        workers=workers,
        loop="uvloop",
        http=cast(Any, partial(BoundedProtocol, connections)),
        h11_max_incomplete_event_size=BUFFERED_BYTES,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(IDLE_SECONDS),
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=WORKER_SECONDS,
        backlog=2048,
    )
    if workers > 1:
        with tempfile.TemporaryDirectory(prefix="akako-metrics-") as shared:
            # Before a worker loads the metrics: in that folder they add up those of all of them.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
            announce()
            _Workers(config, sockets=[listener]).run()
        return
    try:
        _Announcing(config, announce).run(sockets=[listener])
    except KeyboardInterrupt:
        return


def _raise_descriptor_limit() -> None:
    """Use the file descriptors that the system allows: each connection needs one or two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _leave(number: int, frame: FrameType | None) -> None:
    """Leave through the `finally` blocks, which stop the database."""
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "must be between 0 and 65535"
        raise SettingsError(f"--port {port} on {host} cannot be used: {reason}") from None
    listener.set_inheritable(True)
    return listener


def banner(settings: Settings, host: str, port: int) -> str:
    """What a person is told when the server is ready."""
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = [f"Akako LMS is running at {address}", f"  API documentation: {address}/docs"]
    if not settings.clerk_issuer:
        akako = Path(sys.argv[0])
        program = os.path.relpath(akako) if akako.name == "akako" else "akako"
        lines.append("  Tokens for the three ready sign-ins (development only):")
        lines += [f"    {program} token --as {role}" for role in ("admin", "mentor", "learner")]
    return "\n".join(lines)
