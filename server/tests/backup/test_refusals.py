"""What is not whole, not ours or in the way is refused with one line, and changes nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from akako.backends.objects.folder_store import FolderStore
from akako.backup.archive import ArchiveError
from akako.backup.staging import RestoreRefused
from akako.migrations.run import migrate
from akako.storage.queries import WAITING
from tests.backup.school import (
    Target,
    check,
    contents,
    restore,
    rows,
    save,
    schemas,
    store_of,
    whole,
)
from tests.factories import create_user
from tests.library.school import command
from tests.parts.server import Server

CUT = r"cut off|not an archive|cannot be read"


def members(archive: bytes) -> Iterator[tuple[tarfile.TarInfo, int]]:
    """Every member, and where its content ends."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for each in tar:
            yield each, each.offset_data + each.size


def cuts(archive: bytes) -> Iterator[int]:
    """Places where a stream may break off: nowhere, in heads, contents and between members."""
    yield from (0, 100, 512)
    for each, end in members(archive):
        if each.name.endswith("000001") or each.name.startswith(("files", "end")):
            yield from (each.offset, each.offset_data - 100, (each.offset_data + end) // 2)


def test_what_is_cut_off_changes_nothing(archive: bytes, other: Target) -> None:
    before = other.state()
    lengths = list(cuts(archive))
    for length in lengths:
        with pytest.raises(ArchiveError, match=CUT):
            check(archive[:length])
    for length in lengths[3::12]:
        with pytest.raises(ArchiveError, match=CUT):
            restore(archive[:length], other.url, other.store, replace=True)
    assert other.state() == before
    check(archive)


def test_what_was_changed_changes_nothing(archive: bytes, other: Target) -> None:
    before = other.state()
    places = [
        each.offset_data + each.size // 2
        for each, _ in members(archive)
        if each.name.startswith(("tables/users", "tables/audit", "files/videos", "end"))
    ]
    assert len(places) >= 5
    for place in places:
        changed = bytearray(archive)
        changed[place] ^= 1
        with pytest.raises(ArchiveError, match="the archive is damaged"):
            check(bytes(changed))
        with pytest.raises(ArchiveError, match="the archive"):
            restore(bytes(changed), other.url, other.store, replace=True)
    assert other.state() == before


@pytest.mark.parametrize("junk", [b"", b"hello\n", b"\0" * 2048, os.urandom(4096)])
def test_another_file_is_refused(junk: bytes, empty: Target) -> None:
    with pytest.raises(ArchiveError, match="this is not an archive of akako backup"):
        restore(junk, empty.url, empty.store)
    assert schemas(empty.url) == ["information_schema", "public"]


def test_unknown_members_are_refused(archive: bytes, empty: Target) -> None:
    before = empty.state()
    *_, (last, end) = members(archive)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        stranger = tarfile.TarInfo("files/documents/stranger")
        stranger.size = 4
        tar.addfile(stranger, io.BytesIO(b"evil"))
    with pytest.raises(ArchiveError, match="no row needs its files/documents/stranger"):
        restore(archive[: last.offset] + out.getvalue(), empty.url, empty.store)
    padded = archive[: end + -end % 512] + out.getvalue()
    with pytest.raises(ArchiveError, match="continues after its end"):
        restore(padded, empty.url, empty.store)
    assert empty.state() == before


def test_a_newer_archive_is_refused(archive: bytes, empty: Target) -> None:
    newer = archive.replace(b'"schema": "0', b'"schema": "9', 1)
    with pytest.raises(RestoreRefused, match="of revision 9"):
        restore(newer, empty.url, empty.store)
    assert schemas(empty.url) == ["information_schema", "public"]


def test_a_school_is_replaced_only_on_demand(archive: bytes, other: Target) -> None:
    before = other.state()
    with pytest.raises(RestoreRefused, match=r"a school here already .*--replace"):
        restore(archive, other.url, other.store)
    assert other.state() == before
    restore(archive, other.url, other.store, replace=True)
    assert save(other.url, other.store)[1].rows == whole(archive)
    assert "kept" not in "".join(rows(other.url)["users"])


def test_what_others_built_on_the_tables_is_not_dropped(archive: bytes, other: Target) -> None:
    with psycopg.connect(other.url, autocommit=True) as db:
        db.execute("create view report as select count(*) from users")
    before = other.state()
    with pytest.raises(RestoreRefused, match="report depends on the tables of the school"):
        restore(archive, other.url, other.store, replace=True)
    assert other.state() == before


def test_the_files_of_a_replaced_school_go_with_it(
    archive: bytes, api: Server, empty: Target
) -> None:
    restore(archive, empty.url, empty.store)
    with psycopg.connect(empty.url, autocommit=True) as db:
        found = db.execute("select storage_key from documents where status = 'ACTIVE'").fetchone()
        assert found
        (key,) = found
        db.execute(
            "update documents set storage_key = 'documents/old' where storage_key = %s", [key]
        )
    old = Path(empty.store.local_path(key) or "")
    old.rename(Path(empty.store.local_path("documents/old") or ""))
    restore(archive, empty.url, empty.store, replace=True)
    with psycopg.connect(empty.url, autocommit=True) as db:
        assert db.execute(WAITING.encode()).fetchall() == [("documents/old",)]
    assert set(contents(empty.store)) == {*contents(store_of(api)), "documents/old"} - gone(api)


def gone(api: Server) -> set[str]:
    """Objects that wait for their removal."""
    with api.db() as db:
        return {row[0] for row in db.execute(WAITING.encode()).fetchall()}


def test_an_older_archive_is_brought_up_to_date(
    empty: Target, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop schema public cascade; create schema public")
    migrate(url, "0004")
    with psycopg.connect(url, autocommit=True) as db:
        create_user(db, plan="PRO")
    made, _ = save(url, FolderStore(tmp_path / "older"))
    restore(made, empty.url, empty.store)
    assert len(rows(empty.url)["users"]) == 1
    assert migrate(empty.url)[0] == migrate(empty.url)[1]
    with pytest.raises(RestoreRefused, match="at revision 0004: run akako migrate first"):
        restore(made, url, empty.store, replace=True)


def test_a_database_in_use_is_refused(archive: bytes, api: Server) -> None:
    with pytest.raises(RestoreRefused, match="a server or worker uses this database"):
        restore(archive, api.database_url or "", store_of(api), replace=True)
    assert api.get("/api/auth/profile", as_="admin").status_code == 200


def test_lost_objects_are_reported_and_the_backup_continues(
    archive: bytes, empty: Target, new_database: Callable[[], str], tmp_path: Path
) -> None:
    restore(archive, empty.url, empty.store)
    keys = sorted(contents(empty.store))
    Path(empty.store.local_path(keys[0]) or "").unlink()
    damaged = Path(empty.store.local_path(keys[1]) or "")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x07")
    folder = str(tmp_path)
    environment = {"AKAKO_DATABASE_URL": empty.url, "AKAKO_DATA_DIR": folder, "PATH": os.defpath}
    file = tmp_path / "some.tar"
    run = subprocess.run(
        [sys.executable, "-m", "akako.cli", "backup", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "missing: 1\ndamaged: 1\n" in run.stdout
    assert run.stderr.startswith("akako: the archive lacks 2 files")
    assert keys[0] in run.stderr
    url, store = new_database(), FolderStore(tmp_path / "copy")
    end = restore(file.read_bytes(), url, store)
    assert (end.missing, end.damaged) == ([keys[0]], [keys[1]])
    assert rows(url)["documents"] == rows(empty.url)["documents"]
    assert contents(store) == contents(empty.store)


@pytest.mark.parametrize(
    ("name", "reason"), [("there", "exists already"), ("no/folder", "cannot be written")]
)
def test_a_backup_goes_only_where_nothing_is(
    api: Server, tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "there").write_text("precious")
    with pytest.raises(AssertionError, match=reason):
        command(api, "backup", str(tmp_path / name))
    assert (tmp_path / "there").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
