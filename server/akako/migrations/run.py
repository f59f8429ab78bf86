"""Brings a database to the schema of this code."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

# One number for every Akako process, so that two starting at once migrate one after the other.
MIGRATION_LOCK = 4_151_209_001


class SchemaTooNew(RuntimeError):
    """The database was migrated by a newer version of this program."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def migrate(url: str, target: str = "head") -> tuple[str | None, str | None]:
    """Upgrade the database; return (revision before, revision after). Raise SchemaTooNew."""
    engine = sqlalchemy.create_engine(
        sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=sqlalchemy.pool.NullPool,
        connect_args={"connect_timeout": 5},
    )
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"select pg_advisory_lock({MIGRATION_LOCK})"))
        connection.commit()
        before = _current(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, target)
        connection.commit()
        return before, _current(connection)


def _current(connection: sqlalchemy.Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    known = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaTooNew(
            f"the database is at revision {revision}, which this version does not know: "
            "install the newer version of Akako that made it"
        )
    return revision
