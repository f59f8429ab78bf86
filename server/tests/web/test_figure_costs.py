"""The pages of figures and integrations ask the database at most six times."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from tests.conftest import StartServer
from tests.integrations.webhooks import register
from tests.kept_fast.statements import Log, logged_database
from tests.parts.server import Server
from tests.web.visitors import Visitor

MOST = 6
JOBS_SECONDS = 20  # jobs of a new server, such as the first roll-up, write to the same log
INTEGRATIONS = "/admin/integrations"


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    with logged_database() as log:
        yield log


@pytest.fixture(scope="module")
def api(log: Log, start_server: StartServer) -> Server:
    return start_server(database_url=log.url, arguments=("--demo",))


@pytest.fixture(scope="module")
def admin(api: Server) -> Visitor:
    return Visitor(api, "user_admin")


@pytest.fixture(scope="module")
def paths(api: Server) -> list[str]:
    endpoint = register(api, "https://receiver.example/akako", isActive=False)
    return ["/admin/analytics", INTEGRATIONS, f"{INTEGRATIONS}/{endpoint['id']}"]


def test_pages_ask_the_database_little(admin: Visitor, log: Log, paths: list[str]) -> None:
    for path in paths:
        admin.get(path)
        statements = of_page(admin, log, path)
        deadline = time.monotonic() + JOBS_SECONDS
        while len(statements) > MOST and time.monotonic() < deadline:
            time.sleep(0.2)  # a person may open ten pages in a second
            statements = of_page(admin, log, path)
        sys.stdout.write(f"{path}: {len(statements)} statements\n")
        assert len(statements) <= MOST, "\n".join(each[:90] for each in statements)


def of_page(admin: Visitor, log: Log, path: str) -> list[str]:
    log.new()
    assert admin.get(path).status_code == 200
    return log.new()
