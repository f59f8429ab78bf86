"""The private PostgreSQL: what it refuses, and what it must not open to others."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from akako.backends.postgres import embedded
from akako.backends.postgres.binaries import find_programs, for_owner
from akako.backends.postgres.embedded import EmbeddedPostgresError, running_url
from akako.backends.postgres.owner import choose_owner, run_as
from tests.parts.files import statuses
from tests.parts.postgres import passable_folder, start_postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder with a database in it. Every test leaves it stopped."""
    with passable_folder() as folder:
        home = folder / "above" / "data"
        home.mkdir(parents=True)
        home.parent.chmod(0o711)
        start_postgres(home).stop()
        yield home


def test_an_interrupted_making_is_begun_again() -> None:
    with passable_folder() as home:
        making = home / "postgres" / "making"
        making.mkdir(parents=True)
        (making / "PG_VERSION").write_text("18")
        start_postgres(home).stop()
        assert not making.exists()


def test_a_database_of_another_major_version_is_refused() -> None:
    with passable_folder() as home:
        data = home / "postgres" / "data"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text("13\n")
        with pytest.raises(EmbeddedPostgresError, match=r"AKAKO_DATA_DIR .*PostgreSQL 13") as error:
            start_postgres(home)
    assert "\n" not in str(error.value)


def test_a_wrong_setting_is_reported_in_one_line(home: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting") as error:
        start_postgres(home, {"no_such_setting": "on"})
    assert "\n" not in str(error.value)
    assert running_url(home) is None


def test_a_data_folder_that_is_a_file_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"AKAKO_DATA_DIR .*cannot be used") as error:
        embedded.start(tmp_path / "data")
    assert "\n" not in str(error.value)


def test_no_secret_is_readable_by_other_users(home: Path) -> None:
    server = start_postgres(home)
    try:
        password = psycopg.conninfo.conninfo_to_dict(server.url)["password"]
        assert isinstance(password, str)
        assert len(password) >= 32
        assert mode(home / "postgres") == 0o700
        inside = statuses(home / "postgres")
        assert len(inside) > 100
        assert [path for path, status in inside.items() if status.st_mode & 0o077] == []
        beside = [path for path in home.iterdir() if path.is_file()]
        assert beside
        assert [path for path in beside if path.stat().st_mode & 0o077] == []
        wrong = server.url.replace(password, "wrong")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wrong).close()
    finally:
        server.stop()


def test_logs_show_nothing_of_the_data(home: Path) -> None:
    server = start_postgres(home, {"logging_collector": "on"})
    with psycopg.connect(server.url) as connection:
        connection.execute("create table people (email text primary key)")
        connection.execute("insert into people values ('ada@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into people values ('ada@example.com')")
    server.stop()
    text = "".join(path.read_text() for path in (home / "postgres" / "log").iterdir())
    assert "ready to accept connections" in text
    assert "ada@" not in text
    assert "people" not in text


@as_root
def test_started_by_root_it_leaves_the_folders_above_as_they_are(home: Path) -> None:
    assert [mode(each) for each in (home, home.parent, home.parent.parent)] == [0o755, 0o711, 0o755]
    above = [home, *home.parents]
    assert {each.stat().st_uid for each in above} == {0}
    before = [mode(each) for each in above]
    server = start_postgres(home)
    try:
        pid = (home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
        assert Path("/proc", pid).stat().st_uid == (home / "postgres").stat().st_uid != 0
        assert [mode(each) for each in above] == before
    finally:
        server.stop()


@as_root
def test_started_by_root_in_a_closed_folder_it_refuses() -> None:
    with passable_folder() as folder:
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        with pytest.raises(
            EmbeddedPostgresError, match=r"AKAKO_DATA_DIR .*/var/lib/akako"
        ) as error:
            start_postgres(closed / "data")
        assert str(closed) in str(error.value)
        assert "\n" not in str(error.value)
        assert mode(closed) == 0o700


@as_root
def test_programs_in_a_closed_folder_are_copied_for_the_user() -> None:
    with passable_folder() as folder:
        home = folder / "data"
        home.mkdir()
        owner = choose_owner(home / "postgres")
        found = find_programs(None)
        assert for_owner(found, owner, home) == found
        closed = folder / "closed" / "package"
        shutil.copytree(found.folder.parent, closed / "pginstall", symlinks=True)
        beside = found.folder.parents[1].with_name(f"{found.folder.parents[1].name}.libs")
        if beside.exists():
            shutil.copytree(beside, closed.with_name("package.libs"))
        closed.parent.chmod(0o700)
        hidden = found._replace(folder=closed / "pginstall" / found.folder.name)
        (home / "postgres-programs-0.1").mkdir()
        copied = for_owner(hidden, owner, home)
        assert for_owner(hidden, owner, home) == copied
        initdb = [str(copied.folder / "initdb"), "--version"]
        assert found.version in run_as(owner, initdb, 30).stdout
        assert [path.name for path in home.iterdir()] == [f"postgres-programs-{found.version}"]
