"""How long a statement may take: seconds for requests, minutes for jobs that read much."""

from __future__ import annotations

import pytest

from akako.assembly import JOB_STATEMENT_SECONDS, patient_database
from akako.backends.database.pool import Pool
from akako.kernel.core.errors import ServiceUnavailable
from akako.settings import Settings
from tests.parts.server import Server


async def test_a_pool_ends_statements_after_its_limit(api: Server) -> None:
    pool = Pool(api.database_url or "", size=1, statement_seconds=0.5)
    try:
        with pytest.raises(ServiceUnavailable):
            await pool.fetchval("select pg_sleep(20)")
        assert await pool.fetchval("select 1") == 1
    finally:
        await pool.close()


async def test_roll_ups_have_more_time(api: Server) -> None:
    settings = Settings(database_url=api.database_url)
    async with patient_database(settings) as db:
        sql = "select extract(epoch from current_setting('statement_timeout')::interval)::float8"
        assert await db.fetchval(sql) == 2 * JOB_STATEMENT_SECONDS
