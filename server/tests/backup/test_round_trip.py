"""A school that is backed up at work and comes to life again elsewhere, on other parts."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from akako.backends.objects.s3_store import S3Store
from akako.backends.postgres.embedded import running_url
from tests.backup.school import (
    NAMES,
    Rows,
    School,
    build,
    contents,
    differing,
    restore,
    rows,
    store_of,
)
from tests.conftest import StartServer
from tests.library.school import command, put_video, sha256, sweep, upload, uploaded, video
from tests.parts.postgres import passable_folder
from tests.parts.seaweedfs import BUCKET, SeaweedFS, start_seaweedfs
from tests.parts.server import Server

NOTHING = "expired: 0\ncleaned: 0\nstale: 0\norphans: 0\nfailed: 0\n"
# A running server writes these tables every few seconds, also without requests.
METERED = ("usage_counters", "usage_days", "usage_callers")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    seaweedfs = start_seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    yield seaweedfs
    seaweedfs.stop()


@pytest.fixture(scope="module")
def school(api: Server) -> School:
    built = build(api)
    sweep(api)
    return built


@pytest.fixture
def fresh(start_server: StartServer) -> Iterator[Callable[[], Server]]:
    """A server with a data folder of its own, not started yet, that has nothing else."""
    servers = []
    with passable_folder() as folder:

        def make() -> Server:
            server = Server(folder, None)
            servers.append(server)
            return server

        yield make
        for server in servers:
            server.close()


class SlowBackup:
    """`akako backup -` whose reader has stopped reading after the first bytes."""

    def __init__(self, api: Server) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "akako.cli", "backup", "-"],
            env=api.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        assert self.process.stdout
        self.start = self.process.stdout.read(1000)
        assert self.start.startswith(b"manifest.json"), self.process.stderr

    def rest(self) -> bytes:
        archive, output = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, output
        return self.start + archive


def test_a_backup_is_of_one_moment_during_concurrent_writes(
    api: Server, school: School, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    before = rows(api.database_url or "")
    backup = SlowBackup(api)
    # Its rows and files lie before it; it has had no room to go on to the end of them.
    topic = school.topics[0]
    path = f"/api/admin/education/topics/{topic.id}/documents/{school.documents[0]['id']}"
    assert api.delete(path, as_="admin").status_code == 200
    uploaded(put_video(api, topic, video(77)))
    uploaded(upload(api, topic, "later.txt"))
    assert "cleaned: 0\n" in command(api, "sweep", "--grace", "0")
    archive = backup.rest()
    assert "cleaned: 2\n" in command(api, "sweep", "--grace", "0")

    url, store = new_database(), store_of(Server(tmp_path, None))
    restore(archive, url, store)
    after = rows(url)
    for moving in ("number", *METERED):
        del before[moving], after[moving]
    assert differing(after, before) == []
    assert set(map(sha256, contents(store).values())) == set(map(sha256, school.contents.values()))


def test_it_moves_to_a_bucket_and_back_into_a_fresh_folder(
    api: Server,
    school: School,
    bucket: SeaweedFS,
    fresh: Callable[[], Server],
    new_database: Callable[[], str],
    tmp_path: Path,
) -> None:
    first = tmp_path / "first.tar"
    output = command(api, "backup", str(first))
    assert first.stat().st_mode & 0o777 == 0o600
    expected, files = rows(api.database_url or ""), contents(store_of(api))
    assert f"\nfiles: {len(files)} (" in output

    elsewhere = Server(tmp_path, new_database(), environment=bucket.settings("copy"))
    assert command(elsewhere, "restore", str(first)) == output
    copied = rows(elsewhere.database_url or "")
    for moving in METERED:
        del expected[moving], copied[moving]
    assert differing(copied, expected) == []
    assert contents(S3Store(f"s3://{BUCKET}/copy", bucket.access())) == files
    second = tmp_path / "second.tar"
    command(elsewhere, "backup", str(second))
    assert differing(lines(second), lines(first)) == []

    home = fresh()
    assert command(home, "restore", str(second)).splitlines()[3:] == output.splitlines()[3:]
    home.start()
    home.database_url = running_url(home.folder)
    assert contents(store_of(home)) == files
    assert_it_lives(home, school)
    assert command(home, "sweep") == NOTHING


def lines(archive: Path) -> Rows:
    """The rows of each table as they stand in an archive."""
    found: Rows = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content
            if member.name.startswith("tables/"):
                found.setdefault(member.name.split("/")[1], []).extend(
                    sorted(content.read().decode().splitlines())
                )
    return found


def assert_it_lives(home: Server, school: School) -> None:
    topic = school.topics[1]
    assert home.get(topic.video, as_="admin").content == school.contents[topic.video]
    url = school.documents[1]["url"]
    answer = home.get(url, as_="mentor")
    assert answer.content == school.contents[url]
    names = home.get("/api/auth/profile", as_="user_ada").json()["data"]
    assert {name: names[name] for name in NAMES} == NAMES
    enrolled = home.get("/api/enrollment/me", as_="user_ada").json()["data"]
    assert [each["status"] for each in enrolled] == ["APPROVED"]
    uploaded(upload(home, topic, "new.txt"))
    again = {"Idempotency-Key": "apply-once"}
    body = {"motivation": "I like\tto teach.\n\\.", "subjectIds": [school.topics[0].subject_id]}
    repeated = home.post("/api/mentor/apply", as_="user_bo", json=body, headers=again)
    assert repeated.headers["idempotent-replayed"] == "true"
