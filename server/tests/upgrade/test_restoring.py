"""A backup that an older release made is restored by the command of this one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from akako.migrations.steps import revisions
from tests.conftest import StartServer
from tests.faults import invariants
from tests.parts.samples import sample
from tests.parts.server import Server
from tests.upgrade.schools import NAMES, archive, revision
from tests.upgrade.test_upgrade import check_school


def akako(folder: Path, url: str, *arguments: str) -> str:
    environment = {"AKAKO_DATABASE_URL": url, "AKAKO_DATA_DIR": str(folder), "PATH": os.defpath}
    command = [sys.executable, "-m", "akako.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_backup_of_the_first_version_is_restored(
    name: str, new_database: Callable[[], str], start_server: StartServer, tmp_path: Path
) -> None:
    url, copy, folder = new_database(), tmp_path / "school.tar", tmp_path / "server"
    folder.mkdir()
    copy.write_bytes(archive(name))
    printed = akako(folder, url, "restore", "--check", str(copy))
    assert "version: 0.1.0" in printed
    assert f"schema: {revision(name)}" in printed
    assert "missing: 0\ndamaged: 0" in printed
    akako(folder, url, "restore", str(copy))
    assert f"schema {revisions()[-1]}: already current" in akako(folder, url, "migrate")
    api = start_server(database_url=url, folder=folder)
    check_files(api)
    check_school(api)
    invariants.check(api)


def check_files(api: Server) -> None:
    """Each file is there with its bytes, for the learner who may read it."""
    (subject,) = api.get("/api/search?q=upgraded&type=subject").json()["data"]
    topic = api.get(f"/api/education/subjects/{subject['id']}/topics").json()["data"][0]
    film = api.get(f"/api/education/topics/{topic['id']}/video", as_="user_ada")
    assert hashlib.sha256(film.content).digest() == hashlib.sha256(sample("mp4")).digest()
    documents = api.get(f"/api/education/topics/{topic['id']}", as_="user_ada").json()["data"]
    texts = {
        api.get(f"/api/s3/document/stream?documentId={each['id']}", as_="user_ada").text
        for each in documents["documents"]
    }
    assert texts == {"The text of one.txt", "The text of two.txt"}
