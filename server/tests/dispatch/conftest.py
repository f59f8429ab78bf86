from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from akako.kernel.db.pool import Pool


@pytest.fixture
async def pool(new_database: Callable[[], str]) -> AsyncIterator[Pool]:
    """Connections to a fresh database."""
    pool = Pool(new_database(), size=4)
    yield pool
    await pool.close()
