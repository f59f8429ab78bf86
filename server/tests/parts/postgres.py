"""A real PostgreSQL for tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from akako.backends.postgres.embedded import EmbeddedPostgres, start

# Tests may lose their data; what they must not lose is time.
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "logging_collector": "off",
}


@contextmanager
def passable_folder() -> Iterator[Path]:
    """A temporary folder that other users can pass; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="akako-test-"))
    os.chmod(folder, 0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_postgres(folder: Path, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    return start(folder, {**HASTY, **(settings or {})})


def create_database(url: str, name: str, *, template: str | None = None) -> str:
    """Create a database on the server of `url`; return the new one's URL."""
    statement = sql.SQL("create database {}").format(sql.Identifier(name))
    if template:
        # Copies of files are written once, and not to the log as well.
        statement += sql.SQL(" template {} strategy file_copy").format(sql.Identifier(template))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
    return f"{url.rsplit('/', 1)[0]}/{name}"


# Sessions of ours. PostgreSQL's own, such as those that vacuum, may not be ended by its owner.
OUR_SESSIONS = "backend_type = 'client backend'"


def drop_database(url: str) -> None:
    """`with (force)` would be refused while PostgreSQL vacuums it; without, that is ended first."""
    server, name = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            f"where datname = %s and {OUR_SESSIONS}".encode(),
            [name],
        )
        connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
