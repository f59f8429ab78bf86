"""Brings a database to the schema of this code."""

from __future__ import annotations

from pathlib import Path

import psycopg

VERSIONS = Path(__file__).with_name("versions")
# One number for every Akako process, so that two starting at once migrate one after the other.
MIGRATION_LOCK = 4_151_209_001


class SchemaTooNew(RuntimeError):
    """The database was migrated by a newer version of this program."""


def revisions() -> list[str]:
    """All revisions that this code knows, in order: the numbers that their files begin with."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def migrate(url: str, target: str = "head") -> tuple[str | None, str | None]:
    """Upgrade the database; return (revision before, revision after). Raise SchemaTooNew."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as guard:
        guard.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        before = _revision(guard)
        if before is not None and before not in revisions():
            raise SchemaTooNew(
                f"the database is at revision {before}, which this version does not know: "
                "install the newer version of Akako that made it"
            )
        # Most starts find nothing to do, and need not load what they would do it with.
        if before != (revisions()[-1] if target == "head" else target):
            _upgrade(url, target)
        return before, _revision(guard)


def _revision(connection: psycopg.Connection) -> str | None:
    known = connection.execute("select to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        return None
    row = connection.execute("select version_num from alembic_version").fetchone()
    return str(row[0]) if row else None


def _upgrade(url: str, target: str) -> None:
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
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)
        connection.commit()
