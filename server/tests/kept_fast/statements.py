"""What a server asks PostgreSQL, read from PostgreSQL's own log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from akako.backends.postgres.cluster import Folder
from akako.dispatch import claims, distribution
from akako.migrations.run import migrate
from akako.plans import queries as plans
from tests.parts.postgres import passable_folder, start_postgres

# The pool of the request path calls itself so; jobs and tests have connections of their own.
LINE = re.compile(
    r"^akako [0-9a-f]+\|([^|\n]*)\|LOG: {2}(?:statement|execute [^:]+): (.*(?:\n\t.*)*)",
    re.MULTILINE,
)
# %v is the virtual id of the transaction.
SETTINGS = {"log_statement": "all", "log_line_prefix": "%a|%v|"}
# Counts calls for many at once, in the background.
METERING = "usage_counters"


def on_one_line(statement: str) -> str:
    return " ".join(statement.split())


# Every few seconds the server looks for deliveries and saves the counted calls, also on the pool of
# the request path. A transaction with one of these statements belongs to no request.
BACKGROUND = frozenset(
    map(on_one_line, (distribution.ANY_ENDPOINT, distribution.EVENTS, claims.HOLD, plans.ADD_DAYS))
)
# What the pool and the driver ask once for each connection, whichever request opens it: the limits
# of its session, and types that the driver does not know.
OF_CONNECTIONS = ("set lock_timeout", "typeinfo_tree", "set_config('jit'")


class Log:
    """The statements since the last look. Each is logged before it runs, so before its answer."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._seen = 0
        self._open: list[tuple[str, str]] = []
        self.url = url

    def new(self, *, metering: bool = False) -> list[str]:
        """Return the statements of the request path; with `metering`, those that count calls.

        The statements of a transaction are returned when it has ended, because only then is it
        known whether it was one of the background. A response comes after the end of its own.
        """
        text = self._path.read_text(encoding="utf-8", errors="replace")
        fresh, self._seen = text[self._seen :], len(text)
        found = [*self._open, *((id_, on_one_line(each)) for id_, each in LINE.findall(fresh))]
        transactions: dict[str, list[str]] = {}
        for id_, statement in found:
            transactions.setdefault(id_, []).append(statement)
        ended = {id_ for id_, statements in transactions.items() if has_ended(statements)}
        self._open = [each for each in found if each[0] not in ended]
        asked = {id_ for id_ in ended if BACKGROUND.isdisjoint(transactions[id_])}
        statements = [each for id_, each in found if id_ in asked and not of_connection(each)]
        return [each for each in statements if (METERING in each) == metering]


def of_connection(statement: str) -> bool:
    return any(mark in statement for mark in OF_CONNECTIONS)


def has_ended(transaction: list[str]) -> bool:
    begun, last = transaction[0].upper().startswith("BEGIN"), transaction[-1].upper()
    return not begun or last.rstrip(";") in {"COMMIT", "ROLLBACK"}


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
