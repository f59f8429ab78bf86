"""A database of its own for each test of roll-ups."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from akako.backends.database.pool import Pool


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def db(url: str) -> AsyncIterator[Pool]:
    pool = Pool(url, size=2)
    yield pool
    await pool.close()
