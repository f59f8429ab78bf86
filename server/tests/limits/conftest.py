"""A server with the usual limits behind a trusted proxy, which names each caller's address."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.parts.server import GENEROUS, Server


@pytest.fixture(scope="package")
def api(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    environment = {
        **dict.fromkeys(GENEROUS, ""),
        "AKAKO_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
        "AKAKO_SHARED_NETWORKS": "198.51.100.0/24, 2001:db8:5c::/48",
    }
    folder = tmp_path_factory.mktemp("limited")
    server = Server(folder, new_database(), environment=environment).start()
    yield server
    server.close()


@pytest.fixture(scope="package")
def caller() -> Callable[[], str]:
    """Return an address without requests so far."""
    numbers = itertools.count(1)
    return lambda: "203.0.{}.{}".format(*divmod(next(numbers), 256))
