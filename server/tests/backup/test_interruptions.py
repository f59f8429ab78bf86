"""A backup or a restore that is interrupted or killed leaves the school as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from akako.backup.staging import STAGING
from tests.backup.school import Target, restore, rows, save, schemas, whole
from tests.library.school import eventually
from tests.parts.server import Server


def test_a_killed_restore_leaves_the_school_and_the_next_one_succeeds(
    archive: bytes, other: Target
) -> None:
    before = rows(other.url)
    files = Path(other.store.local_path("x") or "").parent
    environment = {"AKAKO_DATABASE_URL": other.url, "AKAKO_DATA_DIR": str(files.parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "akako.cli", "restore", "--replace", "-"],
        env=environment | {"PATH": os.defpath},
        stdin=subprocess.PIPE,
    )
    assert process.stdin
    process.stdin.write(archive[: len(archive) * 2 // 3])
    process.stdin.flush()
    eventually(lambda: any(files.glob("documents/*/*")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    del before["number"]
    assert other.state()[0] == before
    eventually(lambda: STAGING in schemas(other.url))
    restore(archive, other.url, other.store, replace=True)
    assert STAGING not in schemas(other.url)
    assert save(other.url, other.store)[1].rows == whole(archive)


def test_an_interrupted_restore_tidies_up(archive: bytes, other: Target) -> None:
    before = other.state()
    files = Path(other.store.local_path("x") or "").parent
    environment = {"AKAKO_DATABASE_URL": other.url, "AKAKO_DATA_DIR": str(files.parent)}
    with subprocess.Popen(
        [sys.executable, "-m", "akako.cli", "restore", "--replace", "-"],
        env=environment | {"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        process.stdin.write(archive[: len(archive) * 2 // 3])
        process.stdin.flush()
        eventually(lambda: any(files.glob("documents/*/*")))
        process.terminate()  # while it waits for the rest, which does not come
        assert_interrupted(process)
    assert other.state() == before


def assert_interrupted(process: subprocess.Popen[bytes]) -> None:
    assert process.wait(60) == 130
    assert process.stderr
    assert process.stderr.read() == b"akako: interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_backup_leaves_nothing(
    api: Server, tmp_path: Path, number: signal.Signals
) -> None:
    """Here it waits for a lock on a table."""
    command = [sys.executable, "-m", "akako.cli", "backup", str(tmp_path / "school.tar")]
    url = api.database_url or ""
    # A transaction sees the connections of its first look, so the lock is held by another one.
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as observer:
        holder.execute("lock table organizations in access exclusive mode")
        with subprocess.Popen(command, env=api.environment, stderr=subprocess.PIPE) as process:
            eventually(lambda: backup_waits(observer))
            process.send_signal(number)
            assert_interrupted(process)
        holder.rollback()
    assert list(tmp_path.iterdir()) == []


def backup_waits(db: psycopg.Connection) -> bool:
    """Return whether the backup waits for a lock. Jobs of the server may wait for it, too."""
    row = db.execute(
        """
        select exists (select from pg_locks join pg_stat_activity using (pid)
                       where not granted and application_name = 'akako backup')
        """
    ).fetchone()
    return bool(row and row[0])
