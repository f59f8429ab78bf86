"""Everything in the data folder is closed to the other users of the machine."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from akako.backends.objects.folder_store import FolderStore
from akako.backends.postgres.embedded import running_url
from akako.kernel.files.modes import GROUP_READS
from akako.settings import load
from akako.settings.data_folder import close_folder
from tests.library.school import add_topic, eventually, put_video, upload, uploaded, video
from tests.parts.files import statuses
from tests.parts.postgres import passable_folder
from tests.parts.server import Server
from tests.uploads.tus import BYTES, VERSION, begun, create, plan

OTHERS = stat.S_IRWXG | stat.S_IRWXO
# What a root's private PostgreSQL runs from, as another user: programs, and nothing of the school.
PROGRAMS = "postgres-programs-"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_to_others(folder: Path) -> list[str]:
    """What other users could read or enter, below the folder."""
    return [
        f"{stat.S_IMODE(status.st_mode):o} {path.relative_to(folder)}"
        for path, status in sorted(statuses(folder).items())
        if not stat.S_ISLNK(status.st_mode)
        and status.st_mode & OTHERS
        and not path.relative_to(folder).parts[0].startswith(PROGRAMS)
        and path.name != "server.log"  # the test's own
    ]


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """The umask of most machines, under which every user can read a new file."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def akako(api: Server, *arguments: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
    changed = {"AKAKO_DATA_DIR": str(folder)} if folder else {}
    return subprocess.Popen(
        [sys.executable, "-m", "akako.cli", *arguments], env=api.environment | changed
    )


def test_nothing_in_the_data_folder_is_open_after_a_busy_session() -> None:
    """Serve, upload, resumable upload, tokens, backup and restore, on a private PostgreSQL."""
    with passable_folder() as above:
        home = above / "data"
        home.mkdir(mode=0o755)
        api = Server(home, None)
        try:
            api.start()
            _work(api, home)
            assert akako(api, "token", "--user", "user_bob").wait(60) == 0
            archive = home / "school.tar"
            backup = akako(api, "backup", str(archive))
            eventually(lambda: any(home.glob(".school.tar.*")) or archive.exists())
            assert open_to_others(home) == []
            assert backup.wait(60) == 0
            assert open_to_others(home) == []
        finally:
            api.close()
        copy = above / "copy"
        assert akako(api, "restore", str(archive), folder=copy).wait(120) == 0
        assert any((copy / "files").rglob("*"))
        assert open_to_others(copy) == []
        assert mode(copy) == (0o711 if os.geteuid() == 0 else 0o700)


def _work(api: Server, home: Path) -> None:
    api.database_url = running_url(home)
    topic = add_topic(api)
    uploaded(upload(api, topic))
    uploaded(put_video(api, topic, video(2_000_000)))
    path = begun(create(api, 10, plan(topic)))
    headers = VERSION | BYTES | {"Upload-Offset": "0"}
    assert api.request("PATCH", path, as_="admin", headers=headers, content=b"half").is_success
    assert any((home / "uploads").iterdir())


def test_what_an_older_version_left_open_is_closed_at_the_start(tmp_path: Path) -> None:
    """One folder shields the rest: a start does not visit a million files."""
    stored = tmp_path / "files" / "documents" / "ab"
    stored.mkdir(parents=True)
    (stored / "cd").write_bytes(b"x")
    (tmp_path / "uploads").mkdir()
    (tmp_path / "dev-people.txt").write_text("")
    (tmp_path / "of-the-operator").mkdir()
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    close_folder(tmp_path, load({}).file_modes)
    assert [mode(tmp_path / name) for name in ("files", "uploads")] == [0o700, 0o700]
    assert mode(tmp_path / "dev-people.txt") == 0o600
    assert [mode(stored / "cd"), mode(tmp_path / "of-the-operator")] == [0o644, 0o755]
    assert mode(tmp_path) == 0o755  # the operator's own decision


def test_a_link_in_the_data_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "outside").write_text("")
    (tmp_path / "outside").chmod(0o644)
    (tmp_path / "data" / "dev-issuer.pem").symlink_to(tmp_path / "outside")
    close_folder(tmp_path / "data", load({}).file_modes)
    assert mode(tmp_path / "outside") == 0o644


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nginx_reads_stored_files_by_its_group_where_it_sends_them(
    tmp_path: Path, umask: int
) -> None:
    settings = {"AKAKO_ACCEL_LOCATION": "/f/", "AKAKO_TRUSTED_PROXIES": "127.0.0.1"}
    assert load(settings).file_modes == GROUP_READS

    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    os.umask(umask)
    for root, modes in (("shared", GROUP_READS), ("private", load({}).file_modes)):
        store = FolderStore(tmp_path / root, modes)
        asyncio.run(store.put("documents/ab/cd", content()))
        folders = [tmp_path / root, tmp_path / root / "documents", tmp_path / root / ".incoming"]
        assert {mode(folder) for folder in folders} == {modes.folder}
        assert mode(tmp_path / root / "documents" / "ab" / "cd") == modes.file
