"""Commands that root starts leave no file of root in a data folder of another user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.postgres import passable_folder
from tests.parts.server import Server

OWNER = 64123  # a number without an account
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@pytest.fixture
def folder() -> Iterator[Path]:
    with passable_folder() as found:
        data = found / "data"
        data.mkdir(mode=0o700)
        os.chown(data, OWNER, OWNER)
        yield data


def run(api: Server, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "akako.cli", *arguments],
        env=api.environment | {"AKAKO_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def foreign(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.lstat().st_uid != OWNER]


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "--user", "user_made_by_root"),
        ("admin", "plan", "PRO", "--clerk-id", "user_admin"),
        ("sweep",),
        ("backup", "{folder}/school.tar"),
    ],
)
def test_files_belong_to_the_owner(api: Server, folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(api, folder, *(each.format(folder=folder) for each in arguments))
    if "cannot read" in result.stderr:  # the checkout is closed to other users
        assert len(result.stderr.splitlines()) == 1
    else:
        assert result.returncode == 0, result.stderr
        if arguments[0] in ("token", "backup"):
            assert list(folder.iterdir())
    assert foreign(folder) == []


SCRIPT = """
import os, sys, pathlib
from akako.commands.privileges import become_owner
from akako.settings import SettingsError
try:
    become_owner(pathlib.Path(sys.argv[1]))
except SettingsError:
    pass
pathlib.Path(sys.argv[1], "made").touch()
print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ["HOME"])
"""


def test_all_rights_of_root_are_given_up(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True
    )
    ids = (OWNER,) * 3
    assert result.stdout == f"{ids} {ids} [{OWNER}] {folder}\n"
    assert (folder / "made").exists()
    assert foreign(folder) == []


def test_a_file_that_the_owner_cannot_write_is_one_line(api: Server, folder: Path) -> None:
    closed = folder.parent / "closed"
    closed.mkdir(mode=0o700)
    result = run(api, folder, "backup", str(closed / "school.tar"))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "Permission denied" in result.stderr or "cannot read" in result.stderr
    assert list(closed.iterdir()) == []
