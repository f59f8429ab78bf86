"""How long others wait while a large table is migrated: `make upgrade-trial ROWS=1000000`."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg

from akako.migrations.run import migrate
from tests.migrations.release import ADDS, INDEXES, VALIDATES, next_release
from tests.parts.postgres import passable_folder, start_postgres

FILL = """
insert into users (id, clerk_id, email, email_key, first_name, last_name, plan, search_key)
select 'u' || n, 'user_' || n, n || '@example.com', n || '@example.com', 'First' || n,
    'Last' || n, 'FREE', 'first' || n || ' last' || n || ' ' || n || '@example.com'
from generate_series(1, %s) n
"""


class Outcome(NamedTuple):
    """What a writer saw while the migration ran."""

    writes: int
    longest_seconds: float
    migration_seconds: float


def trial(
    url: str, rows: int, scripts: Path, clock: Callable[[], float] = time.monotonic
) -> Outcome:
    """Migrate a database with so many users to the newest of `scripts`, under steady writes."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(FILL, [rows])
        db.execute("analyze users")
    done = threading.Event()
    waits: list[float] = []
    writer = threading.Thread(target=_write, args=(url, rows, done, waits, clock))
    writer.start()
    started = time.monotonic()
    try:
        migrate(url, scripts=scripts)
        lasted = time.monotonic() - started
    finally:
        done.set()
        writer.join()
    return Outcome(len(waits), max(waits), lasted)


def _write(
    url: str,
    rows: int,
    done: threading.Event,
    waits: list[float],
    clock: Callable[[], float],
) -> None:
    number = 0
    with psycopg.connect(url, autocommit=True) as db:
        while True:
            number = number % rows + 1
            started = clock()
            db.execute("update users set updated_at = now() where id = %s", [f"u{number}"])
            waits.append(clock() - started)
            if done.is_set():
                return


def main(rows: int) -> None:
    with passable_folder() as folder, tempfile.TemporaryDirectory() as scratch:
        server = start_postgres(folder)
        try:
            migrate(server.url)
            scripts = next_release(Path(scratch), ADDS, VALIDATES, INDEXES)
            outcome = trial(server.url, rows, scripts)
        finally:
            server.stop()
    sys.stdout.write(
        f"{rows} users, migrated in {outcome.migration_seconds:.1f} s: of {outcome.writes} writes "
        f"the slowest request took {outcome.longest_seconds * 1000:.0f} ms\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
