"""An archive of a school, and places to restore it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from akako.backends.objects.folder_store import FolderStore
from tests.backup.school import Target, build, save, store_of
from tests.factories import create_level, create_user
from tests.parts.postgres import drop_database
from tests.parts.server import Server


@pytest.fixture(scope="module")
def archive(api: Server) -> bytes:
    build(api)
    made, _ = save(api.database_url or "", store_of(api))
    return made


@pytest.fixture
def empty(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Target]:
    url = new_database()
    yield Target(url, FolderStore(tmp_path / "files"))
    drop_database(url)


@pytest.fixture
def other(empty: Target) -> Target:
    with psycopg.connect(empty.url, autocommit=True) as db:
        create_user(db, id="kept", plan="PRO")
        create_level(db, id="l")
    return empty
