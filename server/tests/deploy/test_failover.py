"""PostgreSQL's primary dies, the standby is promoted, and the API goes on without a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from akako.backends.database import pool as pools
from akako.backends.database.pool import Pool
from akako.kernel.core.errors import ServiceUnavailable
from akako.migrations.run import migrate
from akako.migrations.steps import revisions
from tests.conftest import StartServer
from tests.parts.jobs import run_job
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.server import Server
from tests.parts.standby import Pair
from tests.parts.tcp_proxy import TcpProxy

LEVELS = "/api/admin/education/levels"
STRICT = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with passable_folder() as folder, ExitStack() as stack:
        primary, standby = folder / "primary", folder / "standby"
        server = start_postgres(primary, STRICT)
        stack.callback(server.stop)
        create_database(server.url, "school")
        pair = Pair(primary, standby)
        stack.callback(pair.stop)
        yield pair


class Writer(threading.Thread):
    """Creates levels until stopped. `promised` holds the acknowledged ones."""

    def __init__(self, api: Server) -> None:
        super().__init__()
        self._api = api
        self.promised: dict[str, str] = {}
        self.statuses: list[int] = []
        self.done = threading.Event()

    def run(self) -> None:
        headers = self._api.headers("admin")
        with httpx2.Client(base_url=self._api.url, timeout=30, headers=headers) as http:
            while not self.done.is_set():
                name = f"Level {len(self.statuses)}"
                answer = http.post(LEVELS, json={"name": name})
                self.statuses.append(answer.status_code)
                if answer.status_code == 201:
                    self.promised[answer.json()["data"]["id"]] = name

    def wait_for(self, more: int) -> None:
        goal, deadline = len(self.promised) + more, time.monotonic() + 60
        while len(self.promised) < goal:
            assert time.monotonic() < deadline, f"no write succeeded: {self.statuses[-5:]}"
            time.sleep(0.02)


def crashes(api: Server) -> list[str]:
    return [line for line in api.log().splitlines() if "_crashed" in line]


def test_acknowledged_writes_survive_and_the_api_recovers(
    start_server: StartServer, pair: Pair
) -> None:
    url = pair.url("school")
    assert migrate(url) == (None, revisions()[-1])
    api = start_server(database_url=url)
    assert api.process
    process = api.process.pid
    writer = Writer(api)
    writer.start()
    try:
        writer.wait_for(20)
        pair.kill_primary()
        refused = api.get("/api/education/levels")
        assert refused.status_code == 503, crashes(api)
        assert refused.headers["retry-after"] == "1"
        pair.promote()
        writer.wait_for(20)
    finally:
        writer.done.set()
        writer.join()
    assert set(writer.statuses) <= {201, 503}, crashes(api)
    assert api.process.poll() is None
    assert api.process.pid == process
    with api.db() as db:
        kept = dict(db.execute("select id, name from education_levels").fetchall())
    run_job(api, "idempotency.forget")
    assert {id_: kept.get(id_) for id_ in writer.promised} == writer.promised
    assert crashes(api) == []
    # Without any database the server still stops on SIGTERM.
    pair.stop()
    assert api.get("/api/education/levels").status_code == 503
    assert api.stop() == 0


async def test_a_silent_machine_is_passed_over(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "STATEMENT_SECONDS", 0.3)
    parts = urlsplit(new_database())
    login, _, address = parts.netloc.rpartition("@")
    with TcpProxy(int(address.partition(":")[2])) as first:
        hosts = f"{login}@127.0.0.1:{first.port},{address}"
        query = "target_session_attrs=read-write"
        pool = Pool(parts._replace(netloc=hosts, query=query).geturl(), size=2)
        assert await pool.fetchval("select 1") == 1
        assert first.accepted == 1
        first.stalled = True
        with pytest.raises(ServiceUnavailable):
            await pool.fetchval("select 2")
        assert await pool.fetchval("select 3") == 3
        # The second is asked first from now on.
        accepted = first.accepted
        async with pool.connection(), pool.connection():
            assert first.accepted == accepted
        await pool.close()


async def test_a_standby_alone_is_a_database_that_is_away(new_database: Callable[[], str]) -> None:
    pool = Pool(f"{new_database()}?target_session_attrs=standby", size=1)
    with pytest.raises(ServiceUnavailable):
        await pool.fetchval("select 1")
    await pool.close()


async def test_an_ended_session_is_not_reused(new_database: Callable[[], str]) -> None:
    url = new_database()
    pool = Pool(url, size=1)
    pid = await pool.fetchval("select pg_backend_pid()")

    async def be_ended() -> None:
        async with pool.transaction() as tx:
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s)", [pid])
            await tx.fetchval("select pg_sleep(20)")

    with pytest.raises(ServiceUnavailable):
        await be_ended()
    assert await pool.fetchval("select pg_backend_pid()") != pid
    await pool.close()
