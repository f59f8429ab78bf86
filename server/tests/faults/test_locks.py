"""Locks that are held for long delay what needs them, for seconds, and nothing else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.conftest import StartServer
from tests.faults.attempts import SECRET
from tests.faults.writes import ROUTES, write_everything
from tests.http.refusals import details_of
from tests.library.school import eventually
from tests.parts.server import Server

PROFILE = "/api/auth/profile"
PATIENCE = 30.0  # a lock is waited for 4 seconds; the rest is for a loaded machine
# The backup is inside of its snapshot, and its rows are not taken off the line.
COPYING = """
select exists (select from pg_stat_activity
    where datname = current_database() and application_name = 'akako backup'
      and state = 'active' and query ilike 'copy%outbox%')
"""
MANY_ROWS = """
insert into outbox (id, type, data)
select 'filler' || n, 'filler', jsonb_build_object('text', repeat(md5(n::text), 100))
from generate_series(1, 8000) n
"""


@pytest.fixture(scope="module")
def api(start_server: StartServer) -> Server:
    server = start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET})
    with server.db() as db:
        db.execute(MANY_ROWS)
    return server


def akako(api: Server, *arguments: str, output: int | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "akako.cli", *arguments],
        env=api.environment | {"PATH": os.defpath},
        stdout=output,
        stderr=subprocess.PIPE,
    )


@contextmanager
def stalled_backup(api: Server) -> Iterator[None]:
    """A backup whose reader has stopped reading: its snapshot and its locks stay."""

    def copying() -> bool:
        with api.db() as db:
            return db.execute(COPYING).fetchone() == (True,)

    with akako(api, "backup", "-", output=subprocess.PIPE) as backup:
        try:
            eventually(copying)
            yield
            assert backup.poll() is None
            assert copying()
        finally:
            backup.kill()


def run(api: Server, *arguments: str) -> str:
    """The output of a command that must succeed, soon."""
    with akako(api, *arguments, output=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err.decode()
    return out.decode()


def test_every_kind_of_write_works_during_a_backup(api: Server) -> None:
    with stalled_backup(api):
        assert write_everything(api) == set(ROUTES)


def test_every_command_works_during_a_backup(api: Server, tmp_path: Path) -> None:
    clerk_id = api.user("granted")
    with stalled_backup(api):
        granted = run(api, "admin", "grant", "--clerk-id", clerk_id)
        run(api, "admin", "plan", "PRO", "--clerk-id", clerk_id)
        run(api, "seed")
        assert "already current" in run(api, "migrate")
        assert "cleaned: 0" in run(api, "sweep", "--grace", "0")
        run(api, "backup", str(tmp_path / "second.tar"))
    assert granted.endswith("is an administrator\n")
    with akako(api, "restore", "--replace", str(tmp_path / "second.tar")) as process:
        assert process.stderr
        assert len(process.stderr.read().splitlines()) == 1


def test_the_longest_wait_for_a_lock_is_bounded(api: Server) -> None:
    api.user_id("learner")
    started = time.monotonic()
    with holding(api, "select 1 from users where clerk_id = 'user_123' for update"):
        answer = api.put(PROFILE, as_="learner", json={"firstName": "Waits"})
    assert details_of(answer, 503, "SERVICE_UNAVAILABLE") == {}
    assert int(answer.headers["retry-after"]) >= 1
    assert time.monotonic() - started < PATIENCE
    assert api.put(PROFILE, as_="learner", json={"firstName": "Esi"}).status_code == 200


@contextmanager
def holding(api: Server, *statements: str) -> Iterator[None]:
    """Locks of another session, as of a forgotten psql."""
    assert api.database_url
    with psycopg.connect(api.database_url) as holder:
        for statement in statements:
            holder.execute(statement.encode())
        yield
        holder.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from users where clerk_id = 'user_123' for update",
        "select pg_advisory_xact_lock(4151209002)",
        "lock table audit_log in exclusive mode",
    ],
)
async def test_the_server_is_ready_while_many_requests_wait(api: Server, statement: str) -> None:
    """The wait for a row, for the lock of administrators, and for a table."""
    api.user_id("learner")
    topic = f"/api/users/{api.user_id('mentor')}"
    writes = [
        ("PUT", PROFILE, "learner", {"firstName": "Waits"}),
        ("PUT", topic, "admin", {"status": "ACTIVE"}),
        ("POST", "/api/admin/education/levels", "admin", {"name": "Waits"}),
        ("DELETE", f"{topic}/roles?role=LEARNER", "admin", None),
    ] * 10
    async with httpx2.AsyncClient(base_url=api.url, timeout=60) as client:
        with holding(api, statement):
            waiting = [
                asyncio.create_task(
                    client.request(method, path, json=body, headers=api.headers(who))
                )
                for method, path, who, body in writes
            ]
            ready, ended = [], time.monotonic() + 4
            while time.monotonic() < ended:
                ready.append((await client.get("/health/ready")).status_code)
                ready.append((await client.get("/api/education/levels?search=x")).status_code)
                await asyncio.sleep(0.1)
            answers = await asyncio.gather(*waiting)
    assert set(ready) == {200}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert {answer.status_code for answer in answers} <= {200, 201, 404, 409, 503}
    assert api.put(PROFILE, as_="learner", json={"firstName": "Esi"}).status_code == 200
    assert "Traceback" not in api.log()
