"""Ten million rows of progress: each of 100,000 learners began 100 topics of one subject."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from tests.parts.bulk import unindexed

LEARNERS = 100_000
SUBJECTS = 100
TOPICS = 100  # of each subject that have progress
COMPLETED = 10  # of them
MINUTES_A_DAY = 24 * 60

TABLE = {"topic_progress"}
COPY = """
copy topic_progress (topic_id, user_id, completed_at, updated_at, active_on)
from stdin (format binary, freeze)
"""
# The binary format of COPY: https://www.postgresql.org/docs/current/sql-copy.html
HEADER, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), struct.pack(">h", -1)
COLUMNS, NULL = struct.pack(">h", 5), struct.pack(">i", -1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN_MICROSECONDS = int((BEGAN - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000
BEGAN_DAYS = (BEGAN.date() - date(2000, 1, 1)).days
TOPIC = b"\xffTOPIC\xff"  # in the rows of a subject, where that of a topic has its id


def fill(db: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Insert the rows; statistics are left to the caller.

    The cheapest way that was found: one COPY writes full pages of frozen rows without a log, in
    the order of one large index; the other index is sorted in memory. References are not looked
    up, because all users and topics exist.

    Args:
        db: a connection with autocommit, to a database with users u0, u1, ... and topics t0, ...
    """
    db.execute("set maintenance_work_mem = '1GB'")
    db.execute("alter table topic_progress set unlogged, set (fillfactor = 100)")
    with unindexed(db, TABLE, keys=TABLE, trusted=True):
        db.execute("alter table topic_progress disable trigger user")
        with db.transaction():
            db.execute("truncate topic_progress")  # only a new table is written frozen
            with db.cursor().copy(COPY) as copy:
                for part in _rows():
                    copy.write(part)
        db.execute("alter table topic_progress enable trigger user")
    db.execute("alter table topic_progress reset (fillfactor)")
    db.execute("reset maintenance_work_mem")


def _rows() -> Iterator[bytes]:
    """Yield the rows by topic, day and user, those of a topic at once."""
    subjects = [
        [_learners(subject, completed=completed) for completed in (False, True)]
        for subject in range(SUBJECTS)
    ]
    yield HEADER
    for number in sorted(range(SUBJECTS * TOPICS), key=str):
        position, subject = divmod(number, SUBJECTS)
        yield subjects[subject][position < COMPLETED].replace(TOPIC, _text(f"t{number}"))
    yield END


def _learners(subject: int, *, completed: bool) -> bytes:
    """Return the rows of the learners of a subject, one a minute, with TOPIC instead of a topic."""
    learners = range(subject, LEARNERS, SUBJECTS)
    in_order = sorted(learners, key=lambda n: (n // MINUTES_A_DAY, str(n)))
    return b"".join(_row(learner, completed=completed) for learner in in_order)


def _row(learner: int, *, completed: bool) -> bytes:
    at = struct.pack(">iq", 8, BEGAN_MICROSECONDS + learner * 60_000_000)
    day = struct.pack(">ii", 4, BEGAN_DAYS + learner // MINUTES_A_DAY)
    return COLUMNS + TOPIC + _text(f"u{learner}") + (at if completed else NULL) + at + day


def _text(value: str) -> bytes:
    return struct.pack(">i", len(value)) + value.encode()
