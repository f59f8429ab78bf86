"""What commands run on: the database and the other backends that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from akako import main as assembly
from akako import serving
from akako.settings import Settings, SettingsError

Run = Callable[[assembly.Parts], Coroutine[None, None, None]]


def with_parts(settings: Settings, run: Run) -> None:
    """Run on the backends; our own database is started and migrated where needed."""

    async def connected(running: Settings) -> None:
        parts = assembly.assemble(running)
        try:
            await run(parts)
        finally:
            await parts.close()

    with serving.database(settings) as running:
        assert running.database_url
        serving.prepare_schema(running.database_url, upgrade=not settings.database_url)
        asyncio.run(connected(running))


def require_development(settings: Settings, command: str) -> None:
    """Raise SettingsError where people sign in with Clerk."""
    if settings.production or settings.clerk_issuer:
        variable = "AKAKO_ENV" if settings.production else "AKAKO_CLERK_ISSUER"
        raise SettingsError(f"{command} is for development only, but {variable} is set")
