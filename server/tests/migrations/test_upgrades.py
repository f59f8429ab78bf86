"""Upgrades of a school that is at work: what waits, what is interrupted, what old code may do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.migrations.run import SchemaTooNew, SchemaTooOld, migrate, prepare
from akako.migrations.steps import revisions
from tests.conftest import StartServer
from tests.library.school import eventually
from tests.migrations.release import ADDS, INDEXES, TAKES_AWAY, VALIDATES, next_release
from tests.migrations.trial import trial
from tests.parts.awake import AwakeClock
from tests.parts.postgres import create_database, drop_database

NEWEST = revisions()[-1]


@pytest.fixture
def older(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that lacks the newest founding revision."""
    url = create_database(postgres.url, f"older_{abs(hash(request.node.name))}")
    migrate(url, "0005")
    yield url
    drop_database(url)


def command(url: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "akako.cli", *arguments]


def environment(url: str) -> dict[str, str]:
    return {"AKAKO_DATABASE_URL": url, "AKAKO_DATA_DIR": "/tmp", "PATH": os.defpath}


def waiting(url: str) -> bool:
    """Return whether a session waits for the table of the revision."""
    with psycopg.connect(url, autocommit=True) as db:
        row = db.execute(
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and wait_event_type = 'Lock' and query ~ 'webhook_messages'"
        ).fetchone()
    return bool(row and row[0])


def hold_table(url: str) -> psycopg.Connection:
    """A transaction that has taken the name of a table which the revision 0006 makes."""
    holder = psycopg.connect(url)
    holder.execute("create table webhook_messages ()")
    return holder


def test_a_killed_migration_is_finished_by_the_next(older: str) -> None:
    with hold_table(older) as holder:
        process = subprocess.Popen(command(older, "migrate"), env=environment(older))
        eventually(lambda: waiting(older))
        process.kill()
        process.wait()
        holder.rollback()
    assert migrate(older) == ("0005", NEWEST)
    prepare(older, upgrade=False)


def test_a_lock_is_not_waited_for_in_the_way_of_others(older: str) -> None:
    with ThreadPoolExecutor(1) as thread, hold_table(older) as holder:
        migrating = thread.submit(migrate, older, lock_seconds=0.05)
        eventually(lambda: waiting(older))
        eventually(lambda: not waiting(older))
        assert not migrating.done()
        holder.rollback()
        assert migrating.result(timeout=60) == ("0005", NEWEST)


def test_code_that_is_newer_than_the_schema_does_not_serve(older: str) -> None:
    with pytest.raises(SchemaTooOld, match="at revision 0005, but this version needs"):
        prepare(older, upgrade=False)
    run = subprocess.run(
        command(older, "serve"), env=environment(older), capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.endswith("run akako migrate, or start with --migrate\n")
    assert run.stderr.count("\n") == 1
    prepare(older, upgrade=True)
    prepare(older, upgrade=False)


def test_a_schema_that_says_nothing_of_older_code_is_refused(
    new_database: Callable[[], str],
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("update alembic_version set version_num = '9999'")
    for upgrade in (False, True):
        with pytest.raises(SchemaTooNew, match="9999"):
            prepare(url, upgrade=upgrade)
    run = subprocess.run(
        command(url, "serve"), env=environment(url), capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "install the newer version" in run.stderr
    assert run.stderr.count("\n") == 1


def test_servers_of_this_release_work_on_the_schema_of_the_next(
    start_server: StartServer, tmp_path: Path
) -> None:
    api = start_server()
    url = api.database_url or ""
    scripts = next_release(tmp_path, ADDS, VALIDATES, INDEXES)
    newest = revisions(scripts)[-1]
    assert migrate(url, scripts=scripts) == (NEWEST, newest)
    api.user("before")
    with pytest.raises(SchemaTooNew):
        migrate(url)
    api.stop()
    api.start()
    assert "schema_is_newer" in api.log()
    api.user("after")
    found = api.get("/api/users?search=after", as_="admin").json()["data"]
    assert [each["clerkId"] for each in found] == ["user_after"]


def test_they_refuse_a_schema_that_lacks_what_they_need(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    following = f"{int(NEWEST) + 1:04}"
    migrate(url, scripts=next_release(tmp_path, TAKES_AWAY, oldest_code=following))
    with pytest.raises(SchemaTooNew, match=following):
        prepare(url, upgrade=False)


def test_an_interrupted_index_is_made_anew(new_database: Callable[[], str], tmp_path: Path) -> None:
    """What is left of it is there by name, and of no use."""
    url = new_database()
    scripts = next_release(tmp_path, ADDS, INDEXES)
    migrate(url, f"{int(NEWEST) + 1:04}", scripts=scripts)
    valid = "select indisvalid from pg_index where indexrelid = 'users_nickname_idx'::regclass"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("create index users_nickname_idx on users (nickname)")
        migrate(url, scripts=scripts)
        shape = db.execute("select pg_get_indexdef('users_nickname_idx'::regclass)").fetchone()
        assert shape
        assert shape[0].endswith("(nickname, id)")
        assert db.execute(valid).fetchone() == (True,)


def test_two_at_once_make_an_index_once(new_database: Callable[[], str], tmp_path: Path) -> None:
    """The one that waits must not hold up the index, which waits for all transactions."""
    url = new_database()
    scripts = next_release(tmp_path, ADDS, INDEXES)
    newest = revisions(scripts)[-1]
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(migrate, url, scripts=scripts) for _ in range(2)]
        outcomes = sorted(each.result(timeout=60) for each in running)
    assert outcomes == [(NEWEST, newest), (newest, newest)]


def test_no_request_waits_long_while_a_large_table_changes(
    new_database: Callable[[], str], tmp_path: Path, awake: AwakeClock
) -> None:
    scripts = next_release(tmp_path, ADDS, VALIDATES, INDEXES)
    outcome = trial(new_database(), 20_000, scripts, awake)
    assert outcome.writes > 0
    assert outcome.longest_seconds < 5  # as long as a request waits for a statement
