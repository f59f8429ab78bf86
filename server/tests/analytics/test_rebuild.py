"""Roll-ups are made from older rows in portions, and rebuilt by a command."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from akako.analytics import rollup
from akako.backends.database.pool import Pool
from tests.factories import create_enrollment, create_subject, create_user, insert

ZONE = "UTC"
OLD = 35  # enrollments
PORTION = 10
DAYS = "select * from analytics_days where zone = 'UTC' order by day"
MOMENTS = "select enrollment_id, kind, at, seconds from enrollment_moments order by 1, 2"
SPOIL = "update analytics_days set requested = 999, learners_7d = 999 where closed"


def today() -> date:
    return datetime.now(UTC).date()


def fill(url: str) -> None:
    """Add requests, decisions and activity of the last ten days."""
    with psycopg.connect(url, autocommit=True) as db:
        subject = create_subject(db)
        for number in range(10):
            user, day = create_user(db), today() - timedelta(days=number)
            enrollment = create_enrollment(db, subject_id=subject.id, user_id=user.id)
            db.execute(
                "update enrollment_moments set at = %s where enrollment_id = %s",
                (f"{day}T06:00:00Z", enrollment),
            )
            db.execute("insert into activity_days values (%s, %s)", (day, user.id))


def run(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKAKO_")}
    return subprocess.run(
        [sys.executable, "-m", "akako.cli", "analytics", "rebuild", *arguments],
        env={**kept, "AKAKO_DATABASE_URL": url, "AKAKO_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as db:
        return db.execute(sql.encode()).fetchall()


def test_the_command_rebuilds_all_days_or_those_from_a_day(url: str, tmp_path: Path) -> None:
    fill(url)
    first = run(url, tmp_path)
    assert (first.returncode, first.stdout) == (0, "days: 10\n"), first.stderr
    right = rows(url, DAYS)
    assert len(right) == 10
    assert sum(row[3] for row in right) == 10
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(SPOIL)
    since = today() - timedelta(days=4)
    part = run(url, tmp_path, "--from", str(since))
    assert (part.returncode, part.stdout) == (0, "days: 5\n"), part.stderr
    for row, rebuilt in zip(right, rows(url, DAYS), strict=True):
        day = row[1]
        assert (rebuilt[3] == 999) == (day < since and row[2])
        if day >= since:
            assert rebuilt == row
    whole = run(url, tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "days: 10\n"), whole.stderr
    assert rows(url, DAYS) == right


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20260131", "0001-01-01"])
def test_a_day_that_is_none_is_refused(tmp_path: Path, day: str) -> None:
    refused = run("postgresql://nowhere.invalid/x", tmp_path, "--from", day)
    assert refused.returncode != 0
    assert f"--from {day!r} must be a date such as 2026-01-31" in refused.stderr


def add_old_enrollments(url: str) -> None:
    """Insert enrollments as the release before the trigger left them."""
    with psycopg.connect(url, autocommit=True) as db:
        subject = create_subject(db)
        for number in range(OLD):
            user = create_user(db)
            decided = None if number % 3 == 0 else f"2026-01-{number % 28 + 1:02d}T12:00:00Z"
            status = "PENDING" if decided is None else "APPROVED" if number % 3 == 1 else "REJECTED"
            insert(
                db,
                "enrollments",
                id=f"old{number:03d}",
                user_id=user.id,
                subject_id=subject.id,
                status=status,
                requested_at=f"2026-01-{number % 28 + 1:02d}T06:00:00Z",
                decided_at=decided,
            )
        db.execute("delete from enrollment_moments")


class Interrupted(Pool):
    """A pool whose process ends after a number of portions."""

    left = 2
    portions = 0

    async def fetchval(self, sql: str, *values: object) -> Any:
        if sql == rollup.FILL:
            if self.left == self.portions:
                raise asyncio.CancelledError
            self.portions += 1
        return await super().fetchval(sql, *values)


async def test_older_rows_are_added_in_portions_that_survive_an_interruption(
    url: str, db: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "BATCH", PORTION)
    add_old_enrollments(url)
    interrupted = Interrupted(url, size=1)
    with pytest.raises(asyncio.CancelledError):
        await rollup.roll_up(interrupted, ZONE)
    await interrupted.close()
    filled = {row["enrollment_id"] for row in await db.fetch(MOMENTS)}
    assert filled == {f"old{number:03d}" for number in range(2 * PORTION)}
    resumed = Interrupted(url, size=1)
    resumed.left = 10
    await rollup.roll_up(resumed, ZONE)
    assert resumed.portions == 3  # 15 rows in two portions, and one that finds none
    await resumed.close()
    moments = [tuple(row) for row in await db.fetch(MOMENTS)]
    kinds = [kind for _, kind, *_ in moments]
    assert kinds.count("requested") == OLD
    assert kinds.count("approved") + kinds.count("rejected") == OLD - len(range(0, OLD, 3))
    assert {seconds for _, kind, _, seconds in moments if kind != "requested"} == {6 * 3600.0}
    await rollup.rebuild(db, ZONE, first=None)
    assert [tuple(row) for row in await db.fetch(MOMENTS)] == moments
    january = await db.fetchrow(
        "select sum(requested), sum(approved), sum(rejected) from analytics_days"
    )
    assert january
    assert tuple(january) == (OLD, kinds.count("approved"), kinds.count("rejected"))
