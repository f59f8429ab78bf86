"""Errors that are not bugs: the command reports them in one line."""

import asyncpg
import psycopg

from akako.backends.postgres.embedded import EmbeddedPostgresError
from akako.backup.archive import ArchiveError
from akako.backup.staging import RestoreRefused
from akako.kernel.core.errors import ApiError
from akako.migrations.steps import MigrationError
from akako.ops.administration import AdministrationError
from akako.settings import SettingsError

# The first line of each message says what the operator can do.
EXPECTED = (
    SettingsError,
    MigrationError,
    EmbeddedPostgresError,
    AdministrationError,
    ArchiveError,
    RestoreRefused,
    ApiError,
    psycopg.OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.ClientConfigurationError,
)
