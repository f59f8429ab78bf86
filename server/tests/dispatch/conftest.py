from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from akako.backends.database.pool import Pool


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """The URL of a fresh database."""
    return new_database()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to the database."""
    pool = Pool(database, size=4)
    yield pool
    await pool.close()
