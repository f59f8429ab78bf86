"""What a server asks PostgreSQL, read from PostgreSQL's own log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akako.backends.postgres.cluster import Folder
from akako.migrations.run import migrate
from tests.parts.postgres import passable_folder, start_postgres

# The pool of the request path calls itself so; jobs and tests have connections of their own.
LINE = re.compile(
    r"^akako [0-9a-f]+\|LOG: {2}(?:statement|execute [^:]+): (.*(?:\n\t.*)*)", re.MULTILINE
)
SETTINGS = {"log_statement": "all", "log_line_prefix": "%a|"}
# Counts calls for many at once, in the background.
METERING = "usage_counters"


class Log:
    """The statements since the last look. Each is logged before it runs, so before its answer."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._seen = 0
        self.url = url

    def new(self, *, metering: bool = False) -> list[str]:
        """Those of the request path; with `metering`, those that count calls."""
        text = self._path.read_text(encoding="utf-8", errors="replace")
        fresh, self._seen = text[self._seen :], len(text)
        found = [" ".join(statement.split()) for statement in LINE.findall(fresh)]
        return [each for each in found if (METERING in each) == metering]


@contextmanager
def logged_database() -> Iterator[Log]:
    """A PostgreSQL of its own, migrated, that logs every statement."""
    with passable_folder() as folder:
        server = start_postgres(folder, SETTINGS)
        try:
            migrate(server.url)
            yield Log(Folder(folder).startup_log, server.url)
        finally:
            server.stop()
