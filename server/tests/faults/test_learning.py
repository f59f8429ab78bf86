"""Progress, notes, notifications, integrations and pages: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from akako.analytics import rollup
from akako.backends.database import pool as pools
from akako.backends.database.pool import Pool
from akako.kernel.core.errors import ServiceUnavailable
from tests.conftest import StartServer
from tests.faults.attempts import SUCCESS, ask, ask_again, judge
from tests.faults.database import OwnPostgres
from tests.faults.learning import learning_attempts
from tests.faults.test_database import every_connection_works, healed, refused_soon
from tests.faults.test_stopped_servers import locked, waiting
from tests.library.school import eventually
from tests.parts.postgres import passable_folder
from tests.parts.server import Server

# Each signed-in write ends with a look at the caller's row; at most 7 connections wait for locks.
WRITERS = 6


@pytest.fixture(scope="module")
def own() -> Iterator[OwnPostgres]:
    with passable_folder() as folder:
        server = OwnPostgres(folder)
        yield server
        server.stop()


@pytest.fixture(scope="module")
def api(own: OwnPostgres, start_server: StartServer) -> Server:
    return start_server(database_url=own.url)


async def test_database_away(api: Server, own: OwnPostgres) -> None:
    attempts = learning_attempts(api)
    with own.stopped():
        await refused_soon(api)
        answers = await ask(api, attempts)
        assert [answer and answer.status_code for answer in answers] == [503] * len(attempts)
    await healed(api)
    judge(attempts, answers)
    assert [attempt.name for attempt in attempts if attempt.done()] == []
    await ask_again(api, attempts)
    await every_connection_works(api)


async def test_database_crash_in_the_middle(api: Server, own: OwnPostgres) -> None:
    attempts = learning_attempts(api)
    with locked(api, "users"):
        asking = asyncio.create_task(ask(api, attempts))
        await waiting(api, WRITERS)
        await asyncio.to_thread(own.crash)
    answers = await asking
    await healed(api)
    assert any(answer is not None and answer.status_code == 503 for answer in answers)
    judge(attempts, answers)
    await ask_again(api, attempts)


async def test_server_killed_in_the_middle(api: Server) -> None:
    attempts = learning_attempts(api)
    with locked(api, "users"):
        asking = asyncio.create_task(ask(api, attempts))
        await waiting(api, WRITERS)
        api.kill()
        answers = await asking
    assert sum(answer is None for answer in answers) >= WRITERS
    await asyncio.to_thread(api.start)
    judge(attempts, answers)
    await ask_again(api, attempts)


async def test_full_disk_of_the_database(api: Server) -> None:
    attempts = learning_attempts(api)
    tables = ("topic_progress", "notes", "webhook_endpoints", "web_sessions")
    full = """
    create or replace function full_disk() returns trigger language plpgsql as $$
    begin raise exception 'no space left' using errcode = 'disk_full'; end $$
    """
    api.execute(full)
    for table in tables:
        trigger = f"create trigger full_disk before insert on {table}"
        api.execute(f"{trigger} execute function full_disk()")
    answers = await ask(api, attempts)
    judge(attempts, answers)
    for table in tables:
        api.execute(f"drop trigger full_disk on {table}")
    failed = [
        attempt
        for attempt, answer in zip(attempts, answers, strict=True)
        if answer is not None and answer.status_code == 503
    ]
    assert len(failed) == 7
    assert [attempt.name for attempt in failed if attempt.done()] == []
    await healed(api)
    await ask_again(api, attempts)


async def test_devices_in_parallel(api: Server) -> None:
    """Each attempt is made ten times at once: at least one succeeds, and the effect is one."""
    attempts = learning_attempts(api)
    answers = await asyncio.gather(*(ask(api, attempts) for _ in range(10)))
    for number, attempt in enumerate(attempts):
        found = [each[number] for each in answers]
        statuses = {answer.status_code for answer in found if answer is not None}
        assert statuses & set(SUCCESS), (attempt.name, statuses)
        # 409: the key of a request that is still in progress; 503: too many wait for one row.
        assert statuses <= {*SUCCESS, 409, 503}, (attempt.name, statuses)
        assert attempt.done(), attempt.name
    await ask_again(api, attempts)
    eventually(lambda: api.get("/health/ready").status_code == 200)


YESTERDAY = "select 'UTC', current_date - 1, false, 0, 0, 0, 0, 0, 0, 0 on conflict do nothing"
# Figures are stored day by day; one of the roll-ups has come to the day that is held.
IN_THE_MIDDLE = """
select (select count(*) from analytics_days where closed) >= 20
    and exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))
"""
FIGURES = "select * from analytics_days where zone = 'UTC' order by day"
MEDIANS = "select * from analytics_medians where zone = 'UTC' order by first_day, last_day"
PAST = """
insert into enrollment_moments (enrollment_id, kind, at, seconds)
select n || '-' || day, kind, now() - make_interval(days => day), 3600 * n
from generate_series(1, 90) day, generate_series(1, 5) n,
    unnest(array['requested', 'approved']) kind
"""
ACTIVITY = """
insert into activity_days (day, user_id)
select current_date - day, 'user' || n from generate_series(1, 90) day, generate_series(1, 5) n
"""


@contextmanager
def yesterday_held(api: Server) -> Iterator[int]:
    """Lock yesterday's row, at which roll-ups then stop. Yield the process id of the session."""
    api.execute(f"insert into analytics_days {YESTERDAY}")
    assert api.database_url
    db = psycopg.connect(api.database_url)
    try:
        db.execute("select from analytics_days where day = current_date - 1 for update")
        yield db.info.backend_pid
    finally:
        db.close()


async def test_roll_ups_cut_off_in_the_middle(
    api: Server, own: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers roll up as the database crashes; the next run equals a rebuild."""
    api.execute(PAST)
    api.execute(ACTIVITY)
    # They wait until the crash, however slow the machine is.
    monkeypatch.setattr(pools, "SESSION", "set lock_timeout = '60s'")
    db = Pool(own.url, size=6, statement_seconds=60)
    try:
        with yesterday_held(api) as holder:
            running = [asyncio.create_task(rollup.roll_up(db, "UTC")) for _ in range(3)]
            while not await db.fetchval(IN_THE_MIDDLE, holder):
                assert not all(each.done() for each in running)
                await asyncio.sleep(0.01)
            await asyncio.to_thread(own.crash)
        ends = await asyncio.gather(*running, return_exceptions=True)
        assert any(isinstance(end, ServiceUnavailable) for end in ends)
        await asyncio.to_thread(eventually, lambda: api.get("/health/ready").status_code == 200)
        await asyncio.gather(*(rollup.roll_up(db, "UTC") for _ in range(2)))
        found = await figures(db)
        assert len(found) > 90
        await rollup.rebuild(db, "UTC", first=None)
        assert await figures(db) == found
    finally:
        await db.close()


async def figures(db: Pool) -> list[tuple[object, ...]]:
    return [tuple(row) for sql in (FIGURES, MEDIANS) for row in await db.fetch(sql)]
