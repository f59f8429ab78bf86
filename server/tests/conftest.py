"""Real parts that tests share: one PostgreSQL per test process, one server per test module."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.migrations.run import migrate
from tests.parts.awake import AwakeClock
from tests.parts.log_secrets import secrets_in
from tests.parts.postgres import create_database, drop_database, passable_folder, start_postgres
from tests.parts.processes import (
    pytest_collection_modifyitems,
    pytest_runtest_call,
    pytest_runtest_setup,
    watch,
)
from tests.parts.server import Server

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_call", "pytest_runtest_setup"]

TEMPLATE = "akako_template"
StartServer = Callable[..., Server]

# In the gate the same examples are tried every time; `--hypothesis-profile=long` looks for more.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "gate", derandomize=True, database=None, deadline=None, suppress_health_check=SLOW
)
settings.register_profile("long", max_examples=2000, deadline=None, suppress_health_check=SLOW)
settings.load_profile("gate")
watch()
# A shell without job control starts background commands deaf to SIGINT, and so are their children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether tests may take minutes."""
    return bool(pytestconfig.getoption("hypothesis_profile") == "long")


@pytest.fixture
def awake() -> Iterator[AwakeClock]:
    """A clock for upper bounds, which does not count stops of the machine."""
    with AwakeClock() as clock:
        yield clock


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run know."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with passable_folder() as folder:
        server = start_postgres(folder)
        migrate(create_database(server.url, TEMPLATE))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def new_database(postgres: EmbeddedPostgres) -> Callable[[], str]:
    """Make a fresh database with the current schema; returns its URL."""
    numbers = itertools.count(1)
    return lambda: create_database(postgres.url, f"test_{next(numbers)}", template=TEMPLATE)


@pytest.fixture(scope="module")
def start_server(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartServer]:
    """Start servers with settings of their own; all are stopped after the module.

    The databases made here are dropped then, mostly before their pages are written to the disk.
    """
    running: list[Server] = []
    databases: list[str] = []

    def start(
        environment: Mapping[str, str] | None = None,
        *,
        arguments: tuple[str, ...] = (),
        database_url: str | None = None,
        folder: Path | None = None,
    ) -> Server:
        if database_url is None:
            database_url = new_database()
            databases.append(database_url)
        server = Server(
            folder or tmp_path_factory.mktemp("server"),
            database_url,
            environment=environment,
            arguments=arguments,
        )
        running.append(server)
        return server.start()

    yield start
    for server in running:
        server.begin_to_stop()
    for server in running:
        server.close()
    for url in databases:
        drop_database(url)
    # The logs of all tests of the module, with their errors, contain no secrets.
    assert [found for server in running for found in secrets_in(server.log())] == []


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    """A server with generous limits, for tests that are about something else."""
    return start_server()
