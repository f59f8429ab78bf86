"""A database and a folder of objects, without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from akako.backends.database.pool import Pool
from akako.backends.objects.folder_store import FolderStore


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def db(database: str) -> AsyncIterator[Pool]:
    pool = Pool(database, size=4)
    yield pool
    await pool.close()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")
