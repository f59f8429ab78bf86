"""One server for all tests of a folder that do not need settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from akako.dev.fake_clerk import FakeClerk
from tests.identity.clerk import settings_for
from tests.parts.server import Server


@pytest.fixture(scope="package")
def api(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("shared"), new_database()).start()
    yield server
    server.close()


@pytest.fixture(scope="package")
def clerk() -> Iterator[FakeClerk]:
    with FakeClerk().running() as fake:
        yield fake


@pytest.fixture(scope="package")
def with_clerk(
    clerk: FakeClerk,
    new_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server that asks the fake Clerk about its users."""
    folder, environment = tmp_path_factory.mktemp("clerk"), settings_for(clerk)
    server = Server(folder, new_database(), environment=environment).start()
    yield server
    server.close()
