"""The database and the other backends that commands use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from akako import assembly, serving
from akako.backends.postgres.cluster import Folder
from akako.settings import Settings, SettingsError

Run = Callable[[assembly.Backends], Coroutine[None, None, None]]


def with_backends(settings: Settings, run: Run) -> None:
    """Run with the backends. The private database is started and migrated if needed."""

    async def connected(running: Settings) -> None:
        backends = assembly.assemble(running)
        try:
            await run(backends)
        finally:
            await backends.close()

    with_database(settings, connected)


def with_database(
    settings: Settings, run: Callable[[Settings], Coroutine[None, None, None]]
) -> None:
    """Run with the settings of a database. The private one is started and migrated if needed."""
    require_school(settings)
    with serving.database(settings) as running:
        assert running.database_url
        serving.prepare_schema(running.database_url, upgrade=not settings.database_url)
        asyncio.run(run(running))


def require_school(settings: Settings) -> None:
    """Raise SettingsError if the data folder has no private database and none is configured.

    A command that is started without the environment of the service, or with a misspelt folder,
    would create an empty school and report on that one.
    """
    if not settings.database_url and Folder(settings.data_dir).made_by() is None:
        raise SettingsError(
            f"AKAKO_DATA_DIR {settings.data_dir} has no school: name the data folder of the "
            "service, or create a school there with akako serve or akako migrate"
        )


def require_development(settings: Settings, command: str) -> None:
    """Raise SettingsError in production and where Clerk is configured."""
    refuse_in_production(settings, command)
    if settings.clerk_issuer:
        raise SettingsError(f"{command} is for development only, but AKAKO_CLERK_ISSUER is set")


def refuse_in_production(settings: Settings, command: str) -> None:
    """Raise SettingsError in production."""
    if settings.production:
        raise SettingsError(f"{command} is for development only, but AKAKO_ENV is production")
