"""What readiness depends on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from akako.backends.database.pool import Pool
from akako.backends.postgres.embedded import EmbeddedPostgres
from akako.kernel.core.errors import ServiceUnavailable
from akako.ops import routes
from tests.parts.postgres import create_database


async def ready(url: str) -> Any:
    db = Pool(url, size=1)
    try:
        return await routes.ready.handler(SimpleNamespace(db=db))
    finally:
        await db.close()


async def test_a_database_with_the_schema_is_enough(new_database: Callable[[], str]) -> None:
    assert (await ready(new_database())).data.status == "ready"


async def test_a_database_without_the_schema_is_not(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(ServiceUnavailable):
        await ready(create_database(postgres.url, f"empty_{uuid4().hex}"))
