"""Permissions of what Akako stores: for its own user, and for nobody else on the machine.

The command sets the umask that closes every new file and folder. This module opens stored files to
one more reader where that is configured, and closes what an older version has left open.
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
# For nginx in the server's group, which sends stored files if AKAKO_ACCEL_LOCATION is set.
GROUP_READS = Modes(0o640, 0o750)


def make_folder(path: Path, modes: Modes, *, below: Path) -> None:
    """Make the folder and those above it, up to `below`, with these modes whatever the umask is."""
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
    """Make the folder with this mode where it is missing; those above it are open to pass."""
    path = path.absolute()
    for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(mode if missing == path else 0o755)


def close_folder(data_dir: Path, stored: Modes) -> None:
    """Close what an older version left open directly in the data folder.

    A closed folder shields all that is in it, so the files need not be visited. Only what belongs
    to the server's user is changed. PostgreSQL closes its own folder, and the copy of its programs
    holds nothing private.
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
