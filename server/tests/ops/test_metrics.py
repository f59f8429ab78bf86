"""What `/metrics` tells, of one process and of several, and whom it can be asked without."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from akako import __version__
from akako.backends.database.pool import Observer, Pool
from akako.backends.database.waits import POOL_REFUSALS, record_wait
from akako.backends.objects.folder_store import FolderStore
from akako.kernel.core.errors import ServiceUnavailable
from akako.kernel.telemetry import metrics
from akako.ops.scraping import render
from akako.ops.state_metrics import state_metrics
from akako.storage import sweeper
from tests.conftest import StartServer
from tests.parts import process_tree
from tests.parts.freezing import freeze
from tests.parts.server import CLIENT_SECONDS, Server

LEVELS = "/api/education/levels"


class Figures:
    """All samples of one reading. Call it with a name and all labels of the sample."""

    def __init__(self, text: str) -> None:
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        self.names = {name for name, _ in self.samples}

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]


def read(server: Server) -> Figures:
    # On a connection of its own: one that is kept ends with the worker behind it.
    answer = httpx2.get(f"{server.url}/metrics", timeout=CLIENT_SECONDS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Figures(answer.text)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def ask_anew(server: Server, path: str) -> int:
    """On a connection of its own, so that any worker may answer."""
    return httpx2.get(f"{server.url}{path}", timeout=CLIENT_SECONDS).status_code


@pytest.fixture(scope="module")
def workers(start_server: StartServer) -> Server:
    return start_server(arguments=("--workers", "2"))


def serving(workers: Server) -> list[int]:
    """The process ids of the workers."""
    assert workers.process
    return process_tree.workers(workers.process.pid)


def test_answers_are_counted_by_route_and_status(api: Server) -> None:
    for _ in range(3):
        api.get(LEVELS)
    api.get("/api/users/some-id")
    api.get("/api/nowhere")
    api.request("PROPFIND", LEVELS)
    found = read(api)
    assert found("akako_requests_total", method="GET", route=LEVELS, status="200") == 3
    route = "/api/users/{user_id}"
    assert found("akako_requests_total", method="GET", route=route, status="401") == 1
    nowhere = {"method": "GET", "route": "unmatched", "status": "404"}
    assert found("akako_requests_total", **nowhere) == 1
    assert found("akako_request_seconds_count", method="GET", route=LEVELS) == 3
    methods = {dict(labels).get("method") for _, labels in found.samples}
    assert methods == {"GET", "OTHER", None}


def test_process_and_database_have_metrics(api: Server) -> None:
    found = read(api)
    assert found("akako_workers") == 1
    assert found("akako_database_up") == 1
    assert found("akako_database_connections", state="at_most") >= 1
    assert found("akako_process_memory_bytes") > 20e6
    assert found("akako_process_open_files") > 5
    assert found("akako_process_cpu_seconds_total") > 0
    assert found("akako_build_info", version=__version__, python=platform.python_version()) == 1


async def test_queues_in_the_database_have_metrics(new_database: Callable[[], str]) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "insert into procrastinate_jobs (queue_name, task_name, status, scheduled_at) values"
            " ('any', 'late', 'todo', now() - interval '1 hour'),"
            " ('any', 'later', 'todo', now() + interval '1 hour'),"
            " ('any', 'broken', 'failed', now())"
        )
        letter = "insert into webhook_dead_letters (message_id, reason, body) values ('m', 'r', '')"
        db.execute(letter)
        db.execute(
            "insert into procrastinate_jobs (queue_name, task_name, scheduled_at, args) values "
            "('default', 'library.clean_up', now() + interval '1 day', '{\"key\": \"gone\"}')"
        )
    pool = Pool(url, size=1)
    found = Figures(render(await state_metrics(pool)).decode())
    await pool.close()
    jobs = [found("akako_jobs", status=status) for status in ("todo", "doing", "failed")]
    assert jobs == [3, 0, 1]
    assert 3600 <= found("akako_job_lag_seconds") < 4000
    assert found("akako_dead_letters") == 1
    assert found("akako_cleanup_waiting") == 1


def test_they_are_read_without_a_database(start_server: StartServer) -> None:
    api = start_server()
    with api.db() as db:
        db.execute("drop table webhook_dead_letters")
    found = read(api)
    assert found("akako_database_up") == 0
    assert found("akako_workers") == 1
    assert "akako_jobs" not in found.names


def test_any_worker_answers_for_all(workers: Server) -> None:
    until(lambda: read(workers)("akako_workers") == 2)
    route = {"method": "GET", "route": LEVELS, "status": "200"}
    for _ in range(40):
        assert ask_anew(workers, LEVELS) == 200
    # A request is counted after its response has been sent.
    until(lambda: read(workers)("akako_requests_total", **route) == 40)
    assert [read(workers)("akako_requests_total", **route) for _ in range(5)] == [40] * 5
    assert read(workers)("akako_database_connections", state="at_most") == 20


def test_a_dead_worker_leaves_its_counts_and_takes_its_state(workers: Server) -> None:
    route = {"method": "GET", "route": "/openapi.json", "status": "200"}
    for _ in range(20):
        assert ask_anew(workers, "/openapi.json") == 200
    first, second = serving(workers)
    os.kill(first, signal.SIGKILL)
    until(lambda: len(serving(workers)) == 2 and first not in serving(workers))
    assert second in serving(workers)
    until(lambda: read(workers)("akako_workers") == 2)
    assert read(workers)("akako_requests_total", **route) == 20


def test_a_worker_that_dies_in_a_health_check_is_replaced_at_once(workers: Server) -> None:
    until(lambda: len(serving(workers)) == 2)
    first, _ = serving(workers)
    freeze([first])
    time.sleep(1.5)  # its parent asks twice a second, and now waits for an answer
    os.kill(first, signal.SIGKILL)
    until(lambda: len(serving(workers)) == 2 and first not in serving(workers))


def test_the_shared_folder_goes_with_the_server(start_server: StartServer, tmp_path: Path) -> None:
    api = start_server({"TMPDIR": str(tmp_path)}, arguments=("--workers", "2"))
    until(lambda: bool(list(tmp_path.glob("akako-metrics-*/*.db"))))
    api.stop()
    assert list(tmp_path.iterdir()) == []


def test_a_reused_series_costs_no_second_look() -> None:
    before = render()
    for _ in range(2):
        metrics.observe("GET", "/test/once", 200, 0.001)
        metrics.observe("PROPFIND", "/test/once", 200, 0.001)
    text = render().decode()
    assert b"/test/once" not in before
    assert 'akako_requests_total{method="GET",route="/test/once",status="200"} 2.0' in text
    assert 'akako_requests_total{method="OTHER",route="/test/once",status="200"} 2.0' in text


async def test_waiting_for_a_connection_is_counted(new_database: Callable[[], str]) -> None:
    observer = Observer(record_wait, POOL_REFUSALS.inc)
    pool = Pool(new_database(), size=1, observer=observer)
    assert pool.connections() == (0, 0, 1)
    before = Figures(render().decode())
    async with pool.connection():
        assert pool.connections() == (1, 0, 1)
        with pytest.raises(ServiceUnavailable):
            await pool.fetchval("select 1")
        waiting = asyncio.create_task(pool.fetchval("select 2"))
        await asyncio.sleep(0.02)
    assert await waiting == 2
    assert pool.connections() == (0, 1, 1)
    await pool.close()
    after = Figures(render().decode())
    refusals, waits, seconds = (
        after(f"akako_database_{name}_total") - before(f"akako_database_{name}_total")
        for name in ("refusals", "waits", "wait_seconds")
    )
    assert refusals == 1
    assert waits >= 1
    assert seconds >= 0.02


async def test_what_the_sweeper_finds_is_counted(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    pool, store = Pool(new_database(), size=2), FolderStore(tmp_path)
    before = orphans()
    await store.put("documents/none/none", once(b"left behind"))
    swept = await sweeper.sweep(pool, store, grace=0)
    await pool.close()
    assert swept.orphans == 1
    assert orphans() == before + 1


def orphans() -> float:
    labels = {"kind": "orphan"}
    return metrics.REGISTRY.get_sample_value("akako_swept_objects_total", labels) or 0


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content
