"""The pages of figures and integrations ask the database at most six times."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.conftest import StartServer
from tests.integrations.webhooks import register
from tests.kept_fast.statements import Log, logged_database
from tests.parts.server import Server
from tests.web.page_costs import statements
from tests.web.visitors import Visitor

MOST = 6
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
        found = statements(admin, log, path, MOST)
        sys.stdout.write(f"{path}: {len(found)} statements\n")
        assert len(found) <= MOST, "\n".join(each[:90] for each in found)
