"""One server for all tests of the search: each makes a tree of its own in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.parts.server import Server


@pytest.fixture(scope="package")
def api(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), new_database())
    yield server.start()
    server.close()
