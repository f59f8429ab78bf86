"""What the administrator's pages cost: at most 6 statements each; their CPU time is printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import StartServer
from tests.kept_fast.statements import Log, logged_database
from tests.parts.server import Server
from tests.web.page_costs import statements
from tests.web.queues import add_applications, add_waiting
from tests.web.visitors import Visitor

PATHS = (
    "/admin",
    "/admin/requests",
    "/admin/requests?tab=decided",
    "/admin/mentors",
    "/admin/mentors?tab=decided",
)
MOST = 6
LOADS = 30


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    with logged_database() as log:
        yield log


@pytest.fixture(scope="module")
def admin(log: Log, start_server: StartServer) -> Visitor:
    api = start_server(database_url=log.url)
    admin = Visitor(api, "user_admin")
    waiting = add_waiting(api, 60)
    add_applications(api, 30)
    with psycopg.connect(log.url, autocommit=True) as db:
        db.execute(
            "update enrollments set status = 'APPROVED', decided_at = now() where id = any(%s)",
            (waiting.ids[:25],),
        )
    admin.api = api  # type: ignore[attr-defined]
    return admin


def seconds(api: Server) -> float:
    """Return the CPU seconds that the server has used."""
    assert api.process
    fields = Path(f"/proc/{api.process.pid}/stat").read_text(encoding="utf-8").split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("path", PATHS)
def test_pages_ask_the_database_little(admin: Visitor, log: Log, path: str) -> None:
    admin.get(path)
    found = statements(admin, log, path, MOST)
    assert len(found) <= MOST, "\n".join(each[:90] for each in found)
    api: Server = admin.api  # type: ignore[attr-defined]
    before = seconds(api)
    for _ in range(LOADS):
        admin.get(path)
    used = (seconds(api) - before) / LOADS * 1000
    sys.stdout.write(f"{path}: {len(found)} statements, {used:.1f} ms of CPU time\n")
