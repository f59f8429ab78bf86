"""Permissions of stored files: only the user of the server can read them.

The command line sets the umask. This module opens stored files to the group if that is configured,
and closes folders that an older version left open.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

UMASK = 0o077


class Modes(NamedTuple):
    """The permission bits of files and folders."""

    file: int
    folder: int


PRIVATE = Modes(0o600, 0o700)
# For nginx in the group of the server, which sends stored files with AKAKO_ACCEL_LOCATION.
GROUP_READS = Modes(0o640, 0o750)


def make_folder(path: Path, modes: Modes, *, below: Path) -> None:
    """Create the folder and its parents up to `below` with these modes, regardless of the umask."""
    if path.is_dir():
        return
    if path != below:
        make_folder(path.parent, modes, below=below)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(modes.folder)
    except FileExistsError:
        return
    os.chmod(path, modes.folder)


def make_top_folder(path: Path, mode: int) -> None:
    """Create a missing folder with this mode; its parents stay passable."""
    path = path.absolute()
    for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(mode if missing == path else 0o755)


def close_folder(data_dir: Path, stored: Modes) -> None:
    """Remove permissions that an older version granted in the data folder.

    A closed folder protects everything in it, so files are not visited. Only folders of the
    server's user are changed. PostgreSQL closes its own folder; the copy of its programs is not
    private.
    """
    for path in data_dir.iterdir():
        if path.name in ("files", "uploads"):
            _set_mode(path, stored.folder if path.name == "files" else PRIVATE.folder)
        elif path.name.startswith("dev-") and not path.is_symlink():
            _set_mode(path, PRIVATE.file)


def _set_mode(path: Path, mode: int) -> None:
    status = path.stat()
    if status.st_mode & 0o777 != mode and status.st_uid == os.geteuid():
        os.chmod(path, mode)
