"""One server for all tests of a folder that do not need settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.parts.server import Server


@pytest.fixture(scope="package")
def api(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("shared"), new_database()).start()
    yield server
    server.close()
