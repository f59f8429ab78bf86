"""A database of its own for each test of roll-ups, and a day that does not end during a test."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from akako.backends.database.pool import Pool

TEST_SECONDS = 30.0


@pytest.fixture(autouse=True)
def one_day() -> None:
    """Wait for midnight (UTC) if it is less than TEST_SECONDS away.

    A test and PostgreSQL both read the clock, and must find the same date.
    """
    while (left := seconds_to_midnight()) < TEST_SECONDS:
        time.sleep(left)


def seconds_to_midnight() -> float:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - now).total_seconds()


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def db(url: str) -> AsyncIterator[Pool]:
    pool = Pool(url, size=2)
    yield pool
    await pool.close()
