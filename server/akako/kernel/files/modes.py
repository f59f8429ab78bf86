"""Permissions of stored files: only the user of the server can read them.

The command line sets the umask. This module opens stored files to the group if that is configured.
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
