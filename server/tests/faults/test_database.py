"""PostgreSQL away, frozen, crashed, read-only, full: refusals come soon and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx2
import pytest

from akako.backends.database.pool import Pool
from akako.kernel.core.errors import ServiceUnavailable
from tests.conftest import StartServer
from tests.faults import invariants
from tests.faults.attempts import SECRET, all_attempts, ask, ask_again, judge
from tests.faults.database import OwnPostgres
from tests.faults.test_stopped_servers import locked, waiting
from tests.http.refusals import details_of
from tests.identity.people import Ask, together
from tests.library.school import eventually
from tests.parts.postgres import passable_folder
from tests.parts.server import Server

LEVELS, PROFILE = "/api/education/levels", "/api/auth/profile"
# Connections and statements are given up after seconds; the rest is for a loaded machine.
PATIENCE = 25.0
FULL = """
create or replace function full_disk() returns trigger language plpgsql as $$
begin raise exception 'no space left' using errcode = 'disk_full'; end $$;
create trigger full_disk before insert on {table} execute function full_disk();
"""


@pytest.fixture(scope="module")
def own() -> Iterator[OwnPostgres]:
    with passable_folder() as folder:
        server = OwnPostgres(folder)
        yield server
        server.stop()


@pytest.fixture(scope="module")
def api(own: OwnPostgres, start_server: StartServer) -> Server:
    return start_server({"AKAKO_CLERK_WEBHOOK_SECRETS": SECRET}, database_url=own.url)


def ready(api: Server) -> bool:
    return api.get("/health/ready").status_code == 200


async def refused_soon(api: Server) -> None:
    """Check that reads and writes are 503 with Retry-After, and that the process is live."""
    started = time.monotonic()
    asks = [Ask("GET", LEVELS), Ask("GET", PROFILE, "learner"), Ask("GET", "/health/ready")]
    for answer in await together(api, asks):
        assert details_of(answer, 503, "SERVICE_UNAVAILABLE") == {}
        assert int(answer.headers["retry-after"]) >= 1
    assert time.monotonic() - started < PATIENCE
    assert api.get("/health/live").status_code == 200


async def healed(api: Server) -> None:
    """Without a restart everything works again, and nothing is half done."""
    await asyncio.to_thread(eventually, lambda: ready(api))
    assert api.process is not None
    assert api.process.poll() is None
    assert '"request_crashed"' not in api.log()
    # What could not be given up without the database is left to the sweeper.
    await asyncio.to_thread(invariants.check, api, later=True)


async def every_connection_works(api: Server) -> None:
    """None of the pool's is out of step with the database."""
    answers = await together(api, [Ask("GET", PROFILE, "learner")] * 40)
    assert {answer.status_code for answer in answers} == {200}
    assert '"request_crashed"' not in api.log()


async def test_stopped_and_started_again(api: Server, own: OwnPostgres) -> None:
    attempts = all_attempts(api)
    with own.stopped():
        await refused_soon(api)
        answers = await ask(api, attempts)
    await healed(api)
    judge(attempts, answers)
    assert not any(attempt.done() for attempt in attempts)
    await ask_again(api, attempts)


@pytest.mark.parametrize("how", ["stop", "crash"])
async def test_in_the_middle_of_writes(api: Server, own: OwnPostgres, how: str) -> None:
    attempts = all_attempts(api)
    with locked(api, "outbox"):
        asking = asyncio.create_task(ask(api, attempts))
        await waiting(api, len(attempts))
        await asyncio.to_thread(getattr(own, how))
    answers = await asking
    if how == "stop":
        await asyncio.to_thread(own.start)
    await healed(api)
    # Whose session ends first is not said: with the lock gone, a write may still get through.
    assert any(answer is not None and answer.status_code == 503 for answer in answers)
    assert None not in answers
    judge(attempts, answers)
    await ask_again(api, attempts)


async def test_frozen(api: Server, own: OwnPostgres) -> None:
    attempts = all_attempts(api)
    with own.frozen():
        await refused_soon(api)
        started = time.monotonic()
        answers = await ask(api, attempts)
        assert time.monotonic() - started < PATIENCE
    judge(attempts, answers)
    await healed(api)
    await every_connection_works(api)
    await ask_again(api, attempts)


async def test_a_connection_that_hung_is_not_used_again(own: OwnPostgres) -> None:
    """Not even while the database still hangs, and does not hear that it should give up."""
    db = Pool(own.url, size=1)
    assert await db.fetchval("select 1") == 1
    with own.frozen():
        for number in range(2):
            with pytest.raises(ServiceUnavailable):
                await db.fetchval(f"select {number} + 1")
    assert await db.fetchval("select 7") == 7
    await db.close()


async def test_read_only(api: Server, own: OwnPostgres) -> None:
    attempts = all_attempts(api)
    with own.read_only():
        await asyncio.to_thread(eventually, lambda: api.get(LEVELS).status_code == 200)
        answers = await ask(api, attempts)
        assert [answer and answer.status_code for answer in answers] == [503] * len(attempts)
        assert api.get(LEVELS).status_code == 200
    judge(attempts, answers)
    await healed(api)
    assert not any(attempt.done() for attempt in attempts)
    await ask_again(api, attempts)


async def test_out_of_connections(api: Server, own: OwnPostgres) -> None:
    attempts = all_attempts(api)
    with own.full():
        answers = await together(api, [Ask("GET", PROFILE, "learner")] * 40)
        assert {answer.status_code for answer in answers} <= {200, 503}
        asked = await ask(api, attempts)
    await healed(api)
    judge(attempts, asked)
    await every_connection_works(api)
    await ask_again(api, attempts)


@pytest.mark.parametrize("table", ["documents", "outbox"])
async def test_the_disk_of_the_database_is_full(api: Server, table: str) -> None:
    """PostgreSQL says so with an error of its own, here at the first or the last insertion."""
    attempts = all_attempts(api)
    with api.db() as db:
        db.execute(FULL.format(table=table))
    answers = await ask(api, attempts)
    judge(attempts, answers)
    with api.db() as db:
        db.execute(f"drop trigger full_disk on {table}")
    failed = [attempt for attempt, answer in zip(attempts, answers, strict=True) if _failed(answer)]
    assert len(failed) == (1 if table == "documents" else len(attempts))
    assert not any(attempt.done() for attempt in failed)
    await healed(api)
    await ask_again(api, attempts)


def _failed(answer: httpx2.Response | None) -> bool:
    return answer is not None and answer.status_code == 503


async def test_sigterm_while_the_database_is_away(api: Server, own: OwnPostgres) -> None:
    attempts = all_attempts(api)
    with own.stopped():
        assert await asyncio.to_thread(api.stop) == 0
    await asyncio.to_thread(api.start)
    await healed(api)
    await ask_again(api, attempts)
