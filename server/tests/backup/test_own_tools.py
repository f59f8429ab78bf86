"""The documented way with PostgreSQL's own tools, as it stands in the documentation."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from akako.backends.postgres.binaries import find_programs
from akako.migrations.run import prepare
from tests.backup.school import differing, rows
from tests.docs.pages import DOCS
from tests.factories import create_user


def documented(program: str) -> str:
    """The line of the page that calls the program."""
    page = (DOCS / "backups.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^{program} --.*$", page, re.MULTILINE)
    return str(line)


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    made = new_database()
    with psycopg.connect(made, autocommit=True) as db:
        create_user(db, id="u", plan="PRO")
        db.execute(
            "insert into outbox (id, type, data) values ('o', 'made', '{\"a\": \"\\\\u00fc\"}')"
        )
    return made


def test_a_dump_goes_back_over_what_came_later(url: str, tmp_path: Path) -> None:
    folder = find_programs(None).folder
    environment = {"PATH": f"{folder}:{os.defpath}", "AKAKO_DATABASE_URL": url}

    def run(line: str) -> None:
        subprocess.run(["sh", "-ec", line], cwd=tmp_path, env=environment, check=True)

    before = rows(url)
    run(documented("pg_dump"))
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("update users set plan = 'FREE'; delete from outbox")
    run(documented("pg_restore"))
    del before["number"]
    after = rows(url)
    del after["number"]
    assert differing(after, before) == []
    prepare(url, upgrade=False)
