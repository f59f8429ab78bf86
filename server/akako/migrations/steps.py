"""Taking the steps from one revision to the next, without making others wait for long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import structlog

if TYPE_CHECKING:
    import sqlalchemy

log = structlog.get_logger(__name__)

SCRIPTS = Path(__file__).parent
# Shorter than a request waits for its statement.
LOCK_SECONDS = 2.0
LOCK_TRIES = 60
PAUSE_SECONDS = 1.0
# The table of the revision carries, as its comment, which code can work with it.
OLDEST_CODE = " works with the code of any revision from "
# What the schema needs of PostgreSQL's own; 0001 makes them where they are missing.
EXTENSIONS = ("btree_gist", "pg_trgm")
BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class MigrationError(RuntimeError):
    """The database cannot be used or migrated; the message is one line for the operator."""


def revisions(scripts: Path = SCRIPTS) -> list[str]:
    """Return all revisions of this code in order: the numbers at the start of their files."""
    names = (path.name for path in (scripts / "versions").glob("[0-9]*_*.py"))
    return sorted(name.partition("_")[0] for name in names)


def search_path(schema: str) -> bytes:
    """SQL that puts a schema before those which are searched already."""
    put = f"select set_config('search_path', '{schema}, ' || current_setting('search_path'), false)"
    return put.encode()


def upgrade(
    url: str, target: str, *, schema: str | None, scripts: Path, lock_seconds: float
) -> None:
    """Run the revisions up to the target; one that meets a busy table is tried again."""
    for tries in range(1, LOCK_TRIES + 1):
        try:
            return _upgrade(url, target, schema=schema, scripts=scripts, lock_seconds=lock_seconds)
        except Exception as error:
            if not isinstance(getattr(error, "orig", error), BUSY):
                raise
            log.warning("migration_waits_for_locks", tries=tries)
            time.sleep(PAUSE_SECONDS)
    raise MigrationError(
        "other transactions keep using the tables that are to be changed: look for long ones in "
        "pg_stat_activity and try again; what is done so far stays done"
    )


def _upgrade(
    url: str, target: str, *, schema: str | None, scripts: Path, lock_seconds: float
) -> None:
    import sqlalchemy
    from alembic import command
    from alembic.config import Config

    # By the driver itself, since SQLAlchemy does not understand a URL with several hosts.
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, connect_timeout=5),
        poolclass=sqlalchemy.pool.NullPool,
    )
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    with engine.connect() as connection:
        if schema:
            connection.exec_driver_sql(search_path(schema).decode())
        connection.exec_driver_sql("set statement_timeout = 0")
        limit_waiting(connection, lock_seconds)
        connection.commit()
        config.attributes.update(connection=connection, lock_seconds=lock_seconds)
        command.upgrade(config, target)
        connection.commit()


def limit_waiting(connection: sqlalchemy.Connection, lock_seconds: float) -> None:
    """Also between revisions, one of which may have waited by other rules; see online.py."""
    connection.exec_driver_sql(f"set lock_timeout = {round(lock_seconds * 1000)}")


def tell_oldest_code(connection: sqlalchemy.Connection, applied: list[Any]) -> None:
    """Note which code can work with the schema, in the transaction that changes it.

    `applied` are the modules of all revisions so far. One that takes away what older code uses says
    `oldest_code`, the first revision whose code does without.
    """
    newest = applied[0].revision
    oldest = max(getattr(module, "oldest_code", "0001") for module in applied)
    connection.exec_driver_sql(
        f"comment on table alembic_version is '{newest}{OLDEST_CODE}{oldest}'"
    )
