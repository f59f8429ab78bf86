"""The statements that a page sends to the database, without those of jobs."""

from __future__ import annotations

import time

from tests.kept_fast.statements import Log
from tests.web.visitors import Visitor

JOBS_SECONDS = 20  # jobs of a new server, such as the first roll-up, write to the same log


def statements(admin: Visitor, log: Log, path: str, most: int) -> list[str]:
    """Return the statements of a load of a page.

    Args:
        admin: Who loads the page.
        log: The log of the server's database.
        path: The page.
        most: Loads with more statements are repeated for as long as jobs may run beside them.
    """
    deadline = time.monotonic() + JOBS_SECONDS
    found = _of_page(admin, log, path)
    while len(found) > most and time.monotonic() < deadline:
        time.sleep(0.2)  # a person may open ten pages in a second
        found = _of_page(admin, log, path)
    return found


def _of_page(admin: Visitor, log: Log, path: str) -> list[str]:
    log.new()
    assert admin.get(path).status_code == 200
    return log.new()
