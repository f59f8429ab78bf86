"""Background jobs that a test does not wait for until they are due."""

from __future__ import annotations

import time

from tests.parts.server import Server

DEFER = """
select procrastinate_defer_jobs_v1(array[row(
    'default', %s, 0, null, null, '{}', null)::procrastinate_job_to_defer_v1])
"""
LEFT = "select count(*) from procrastinate_jobs where task_name = %s"
WAIT_SECONDS = 60.0


def run_job(server: Server, name: str) -> None:
    """Return when the server has run the job."""
    with server.db() as db:
        db.execute(DEFER, [name])
        deadline = time.monotonic() + WAIT_SECONDS
        while db.execute(LEFT, [name]).fetchone() != (0,):
            assert time.monotonic() < deadline, server.log_file.read_text()
            time.sleep(0.05)
