"""The schema is migrated once, by the first process, and never by an older program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.migrations.run import SchemaTooNew, migrate
from akako.migrations.steps import revisions
from tests.parts.postgres import create_database, drop_database


@pytest.fixture
def empty(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[str]:
    url = create_database(postgres.url, f"schema_{abs(hash(request.node.name))}")
    yield url
    drop_database(url)


def test_every_step_can_be_taken_alone(empty: str) -> None:
    before: str | None = None
    for revision in revisions():
        assert migrate(empty, revision) == (before, revision)
        before = revision
    assert migrate(empty) == (before, before)


def test_several_at_once_migrate_once(empty: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(migrate, [empty] * 2))
    newest = revisions()[-1]
    assert sorted(outcomes, key=str) == [(newest, newest), (None, newest)]


def test_a_newer_schema_is_refused(empty: str) -> None:
    migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(SchemaTooNew, match="9999"):
        migrate(empty)


def test_the_command_tells_what_it_did(empty: str) -> None:
    command = [sys.executable, "-m", "akako.cli", "migrate"]
    environment = {"AKAKO_DATABASE_URL": empty, "AKAKO_DATA_DIR": "/tmp", "PATH": "/usr/bin"}
    newest = revisions()[-1]
    for expected in (f"schema {newest}: was None", f"schema {newest}: already current"):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.strip().count("\n") == 0
    assert "9999" in refused.stderr
