"""Run the server: prepare the database, its schema and the first accounts, and start workers."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, cast

import asyncpg
import msgspec
import psycopg
import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from akako import announcement, assembly, main
from akako.analytics.days import TimeZone
from akako.backends.database.pool import Pool
from akako.backends.postgres import embedded
from akako.demo import seeding
from akako.kernel.core.errors import ServiceUnavailable
from akako.migrations.run import prepare
from akako.ops import development
from akako.settings import Settings, SettingsError, check_workers, data_folder
from akako.wire.connections import Connections
from akako.wire.protocol import BUFFERED_BYTES, IDLE_SECONDS, BoundedProtocol

log = structlog.get_logger(__name__)

GRACE_SECONDS = 30
DESCRIPTORS = 16 * 1024
WORKER_SECONDS = 60  # for a worker's reply to its parent, its start included


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with a running database: the configured or the private one."""
    make_data_dir(settings)
    if settings.database_url:
        yield settings
        return
    with embedded.attach(settings.data_dir) as own:
        yield msgspec.structs.replace(settings, database_url=own.url)


def make_data_dir(settings: Settings) -> None:
    """Create the data folder for its owner only, and restrict what is in it.

    Raises:
        SettingsError: The folder cannot be created or changed.
    """
    folder = settings.data_dir
    # PostgreSQL that root starts runs as another user, which must traverse the folder.
    mode = 0o711 if os.geteuid() == 0 else settings.file_modes.folder
    try:
        data_folder.make_top_folder(folder, mode)
        data_folder.close_folder(folder, settings.file_modes)
    except OSError as error:
        raise SettingsError(
            f"AKAKO_DATA_DIR {folder} cannot be created: {error.strerror}"
        ) from None


async def seed(settings: Settings, *, demo: bool) -> None:
    """The accounts of a development server, and with `demo` a small school with a history."""
    people = assembly.directory(settings)
    assert settings.database_url
    assert people is not None
    db = Pool(settings.database_url, size=2)
    try:
        ids = await development.seed_staff(db, people)
        if demo:
            await development.seed_learner(db, people)
            admin = await development.actor_of(db, development.ADMIN_ID)
            store, zone = assembly.object_store(settings), TimeZone(settings.time_zone)
            try:
                mentor_id, today = ids[development.MENTOR_ID], zone.today()
                await seeding.seed(db, store, admin, mentor_id, today=today, zone=zone.name)
            finally:
                await store.close()
    finally:
        await db.close()


class _Announcing(uvicorn.Server):
    """Announces once that the server is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()
            sys.stdout.flush()


class _Workers(Multiprocess):
    """Replaces a worker as soon as it has exited."""

    def keep_subprocess_alive(self) -> None:
        # While the parent has the worker's end of their pipe open, it would wait WORKER_SECONDS
        # for the reply of a worker that exits during a health check.
        for worker in self.processes:
            worker.child_conn.close()
        super().keep_subprocess_alive()


def serve(
    settings: Settings, *, host: str, port: int, demo: bool, workers: int, schema: bool
) -> None:
    """Run until SIGTERM or SIGINT; active requests get time to finish.

    Args:
        workers: Number of processes.
        schema: Whether to migrate an external database first. A private one always is.

    Raises:
        SettingsError: The address, the port or the number of workers cannot be used.
    """
    check_workers(settings, workers)
    signal.signal(signal.SIGTERM, _exit)
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
        text = announcement.banner(settings, host, port)
        _run(running, listener, workers, lambda: sys.stdout.write(text + "\n"))


def prepare_schema(url: str, *, upgrade: bool) -> None:
    """Check or migrate the schema. A server also starts while its database is unavailable."""
    try:
        prepare(url, upgrade=upgrade)
    except psycopg.OperationalError as error:
        if upgrade:
            raise
        log.warning("schema_not_checked", error=type(error).__name__)


def _seed_if_possible(settings: Settings, *, demo: bool) -> None:
    """Add the accounts, unless the database is unavailable."""
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
            # Set before a worker imports the metrics: they are added up in this folder.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
            announce()
            _Workers(config, sockets=[listener]).run()
        return
    try:
        _Announcing(config, announce).run(sockets=[listener])
    except KeyboardInterrupt:
        return


def _raise_descriptor_limit() -> None:
    """Raise the limit of file descriptors: each connection needs one or two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _exit(number: int, frame: FrameType | None) -> None:
    """Exit through the `finally` blocks, which stop the database."""
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError, ValueError) as error:
        listener.close()
        raise SettingsError(_bind_failure(host, port, error)) from None
    listener.set_inheritable(True)
    return listener


def _bind_failure(host: str, port: int, error: Exception) -> str:
    if isinstance(error, OverflowError):
        return f"--port {port} must be between 0 and 65535"
    # The codec of host names raises ValueError.
    if (
        not isinstance(error, OSError)
        or isinstance(error, socket.gaierror)
        or error.errno == errno.EADDRNOTAVAIL
    ):
        return f"--host {host} is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for all"
    text = f"--port {port} on {host} cannot be used: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        free = announcement.free_port(host, port)
        return f"{text}: try --port {free}" if free else text
    return text
